#pragma once
// The log: one event a line, a stable name and fields. For shells and adapters; base, task, schedule, engine and protocol never log.
// The names are design words: the same verb in code, log and metric. Nothing secret (tokens, payloads) goes in. Any thread.

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace meepo::log {

enum class Level { Debug, Info, Warn, Error, Off };
enum class Format { Text, Json };

/// "debug", "info", "warn", "error", "off"; InvalidArgument else.
Result<Level> parse_level(std::string_view text);
Result<Format> parse_format(std::string_view text);

/// Writes to standard error from now on. Once, before threads start; without it the log is off.
void setup(Level level, Format format);
bool enabled(Level level);

struct Field {
  std::string_view key;
  std::string value;
};

/// Text: `2026-11-24T05:10:00.123Z info claim firing=… shard=7`; values with blanks or quotes are quoted. Json: one object a line.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

/// The line that `write` writes, without its line feed: one line whatever the values hold, valid UTF-8 in Json.
std::string format_line(Format format, SysTime time, Level level, std::string_view event, std::initializer_list<Field> fields);

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::Debug, event, fields); }
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::Info, event, fields); }
inline void warn(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::Warn, event, fields); }
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::Error, event, fields); }

}  // namespace meepo::log
