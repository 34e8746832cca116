#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <memory>

#include "base/text.h"

namespace meepo::log {
namespace {

struct Output {
  Level level = Level::Off;
  Format format = Format::Text;
  std::shared_ptr<spdlog::logger> logger;
};

/// Written by setup before threads start, only read afterwards.
Output& output() {
  static Output instance;
  return instance;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::Debug: return "debug";
    case Level::Info: return "info";
    case Level::Warn: return "warn";
    case Level::Error: return "error";
    case Level::Off: return "off";
  }
  return "off";
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::Debug: return spdlog::level::debug;
    case Level::Info: return spdlog::level::info;
    case Level::Warn: return spdlog::level::warn;
    case Level::Error: return spdlog::level::err;
    case Level::Off: return spdlog::level::off;
  }
  return spdlog::level::off;
}

bool is_plain(std::string_view value) {
  return !value.empty() && value.find_first_of(" \"=\\") == std::string_view::npos && !has_control_character(value) && is_utf8(value);
}

std::string text_line(SysTime time, Level level, std::string_view event, std::initializer_list<Field> fields) {
  std::string line = fmt::format("{} {} {}", to_iso_utc(time), name_of(level), event);
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    line += is_plain(field.value) ? field.value : quoted(field.value, field.value.size());
  }
  return line;
}

std::string json_line(SysTime time, Level level, std::string_view event, std::initializer_list<Field> fields) {
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","event":)", to_iso_utc(time), name_of(level));
  append_json_string(line, event);
  for (const Field& field : fields) {
    line += ',';
    append_json_string(line, field.key);
    line += ':';
    append_json_string(line, field.value);
  }
  line += '}';
  return line;
}

}  // namespace

Result<Level> parse_level(std::string_view text) {
  for (const Level level : {Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Off}) {
    if (text == name_of(level)) return level;
  }
  return fail(Code::InvalidArgument, fmt::format("read log level {}: expected debug, info, warn, error or off", quoted(text)));
}

Result<Format> parse_format(std::string_view text) {
  if (text == "text") return Format::Text;
  if (text == "json") return Format::Json;
  return fail(Code::InvalidArgument, fmt::format("read log format {}: expected text or json", quoted(text)));
}

void setup(Level level, Format format) {
  auto logger = std::make_shared<spdlog::logger>("meepo", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");
  logger->set_level(to_spdlog(level));
  output() = Output{.level = level, .format = format, .logger = std::move(logger)};
}

bool enabled(Level level) { return level != Level::Off && level >= output().level; }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  const auto now = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
  const std::string line = format_line(output().format, now, level, event, fields);
  output().logger->log(to_spdlog(level), spdlog::string_view_t(line));
}

std::string format_line(Format format, SysTime time, Level level, std::string_view event, std::initializer_list<Field> fields) {
  return format == Format::Json ? json_line(time, level, event, fields) : text_line(time, level, event, fields);
}

}  // namespace meepo::log
