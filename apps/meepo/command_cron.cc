// meepo cron next, describe: what a cron expression means, without a server.

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "command.h"
#include "schedule/cron/expression.h"
#include "schedule/zone.h"

namespace meepo::cli {

namespace {

constexpr std::int64_t kTimesMax = 10'000;             // printed for one expression
constexpr std::size_t kLineBytesMax = 64UL << 10U;     // of --stdin

struct CronFlags {
  std::string expression;
  std::string zone;
  std::string after;
  std::string dst = "spring";
  std::string language = "en";
  std::int64_t count = 5;
  bool standard_input = false;
};

struct Question {
  std::string expression;
  std::string zone;   // empty: the system's
  std::string after;  // ISO; empty: now
  std::int64_t count = 5;
};

std::string iso_seconds(const cron::Zone& zone, SysTime time) {
  constexpr std::size_t kFraction = 19;  // where ".000" stands in 2026-11-26T09:00:00.000+08:00
  return zone.to_iso(time).erase(kFraction, 4);
}

Result<cron::Dst> dst_from(const std::string& text) {
  if (text == "spring") return cron::Dst::Spring;
  if (text == "once") return cron::Dst::Once;
  return fail(Code::InvalidArgument, "--dst is \"" + text + "\"; expected spring or once", "--dst");
}

Result<std::vector<std::string>> times_of(const Question& question, cron::Dst dst, cron::Zones& zones) {
  const auto expression = cron::Expression::parse(question.expression);
  if (!expression) return fail(expression.error());
  const auto zone = zones.find(question.zone.empty() ? schedule::system_zone() : question.zone);
  if (!zone) return fail(zone.error());
  if (question.count < 1 || question.count > kTimesMax) {
    return fail(Code::InvalidArgument, "n is " + std::to_string(question.count) + "; expected 1 to " + std::to_string(kTimesMax), "n");
  }
  SysTime at = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
  if (!question.after.empty()) {
    const auto after = parse_iso(question.after);
    if (!after) return fail(after.error());
    at = *after;
  }
  std::vector<std::string> times;
  for (std::int64_t i = 0; i < question.count; ++i) {
    const auto next = expression->next(at, **zone, dst);
    if (!next) break;
    times.push_back(iso_seconds(**zone, *next));
    at = *next;
  }
  return times;
}

boost::json::object answer_of(const Result<std::vector<std::string>>& times) {
  if (!times) return {{"error", times.error().message}};
  return {{"next", boost::json::array(times->begin(), times->end())}};
}

/// {"expr": …, "zone": …, "from": …, "n": …}: the first is needed.
Result<Question> question_from(const std::string& line) {
  if (line.size() > kLineBytesMax) {
    return fail(Code::InvalidArgument,
                "the line has " + std::to_string(line.size()) + " bytes; expected at most " + std::to_string(kLineBytesMax));
  }
  boost::system::error_code error;
  const auto value = boost::json::parse(line, error);
  if (error || !value.is_object()) {
    return fail(Code::InvalidArgument, R"(the line is no JSON object; expected {"expr": "0 0 9 * * *", "zone": "Asia/Shanghai"})");
  }
  Question question;
  for (const auto& [name, field] : value.get_object()) {
    std::string* const text = name == "expr"   ? &question.expression
                              : name == "zone" ? &question.zone
                              : name == "from" ? &question.after
                                               : nullptr;
    if (text != nullptr && field.is_string()) {
      *text = field.get_string();
    } else if (name == "n" && field.is_int64()) {
      question.count = field.get_int64();
    } else {
      return fail(Code::InvalidArgument,
                  "field \"" + std::string(name) + "\" is not expected so: expr, zone and from are texts, n is a number");
    }
  }
  return question;
}

int next_of_lines(cron::Dst dst) {
  cron::Zones zones;
  for (std::string line; std::getline(std::cin, line);) {
    const auto question = question_from(line);
    const auto times = question ? times_of(*question, dst, zones) : fail(question.error());
    std::puts(boost::json::serialize(answer_of(times)).c_str());
  }
  return kOk;
}

int next(const CronFlags& flags, bool json) {
  const auto dst = dst_from(flags.dst);
  if (!dst) return tell(dst.error(), json, kUsage);
  if (flags.standard_input) return next_of_lines(*dst);
  cron::Zones zones;
  const auto times =
      times_of({.expression = flags.expression, .zone = flags.zone, .after = flags.after, .count = flags.count}, *dst, zones);
  if (!times) return tell(times.error(), json, kUsage);
  if (json) {
    std::puts(boost::json::serialize(answer_of(times)).c_str());
    return kOk;
  }
  for (const auto& time : *times) std::puts(time.c_str());
  if (times->size() < static_cast<std::size_t>(flags.count)) std::fputs("meepo: there is no further time\n", stderr);
  return kOk;
}

int describe(const CronFlags& flags, bool json) {
  const auto expression = cron::Expression::parse(flags.expression);
  if (!expression) return tell(expression.error(), json, kUsage);
  const std::string english = expression->describe(cron::Language::English);
  const std::string chinese = expression->describe(cron::Language::Chinese);
  if (json) {
    std::puts(boost::json::serialize(boost::json::object{{"en", english}, {"zh", chinese}}).c_str());
    return kOk;
  }
  if (flags.language != "en" && flags.language != "zh") {
    const std::string message = "--language is \"" + flags.language + "\"; expected en or zh";
    return tell({.code = Code::InvalidArgument, .message = message, .field = "--language", .cause = {}}, json, kUsage);
  }
  std::puts((flags.language == "zh" ? chinese : english).c_str());
  return kOk;
}

void add_next(CLI::App& cron, Invocation& invocation, const std::shared_ptr<CronFlags>& flags) {
  CLI::App& command = add_command(
      cron, "next", "Print when a cron expression fires next",
      "  meepo cron next '0 0 9 * * MON-FRI' --zone Asia/Shanghai -n 3\n"
      "  meepo cron next '0 30 2 * * *' --zone America/New_York --after 2024-03-09T12:00:00Z --dst once\n"
      "  echo '{\"expr\":\"0 0 9 * * *\",\"zone\":\"UTC\",\"from\":\"2026-01-01T00:00:00Z\",\"n\":2}' | meepo cron next --stdin");
  add_json(command, invocation);
  CLI::Option* const expression =
      command.add_option("EXPRESSION", flags->expression, "Six fields as in Spring: second first; or a macro such as @daily");
  command.add_option("--zone", flags->zone, "IANA time zone (default: the system's)");
  command.add_option("--after", flags->after, "ISO 8601 instant; the first time is later than it (default: now)");
  command.add_option("-n", flags->count, "How many times, 1 to 10,000")->capture_default_str();
  command.add_option("--dst", flags->dst, "spring (as Spring does) or once (a time in a gap fires after it, a repeated one once)")
      ->capture_default_str();
  CLI::Option* const lines =
      command.add_flag("--stdin", flags->standard_input, "Read JSON lines {expr, zone, from, n}; answer {next} or {error} to each");
  lines->excludes(expression);
  command.callback([&invocation, flags, expression] {
    if (expression->count() == 0 && !flags->standard_input) throw CLI::RequiredError("EXPRESSION");
    invocation.run = [&invocation, flags] { return next(*flags, invocation.json); };
  });
}

void add_describe(CLI::App& cron, Invocation& invocation, const std::shared_ptr<CronFlags>& flags) {
  CLI::App& command = add_command(cron, "describe", "Say what a cron expression means",
                                  "  meepo cron describe '0 0 9 * * MON-FRI'\n"
                                  "  meepo cron describe '0 0 0 L * ?' --language zh");
  add_json(command, invocation);
  command.add_option("EXPRESSION", flags->expression, "Six fields as in Spring: second first; or a macro such as @daily")->required();
  command.add_option("--language", flags->language, "en or zh")->capture_default_str();
  command.callback([&invocation, flags] { invocation.run = [&invocation, flags] { return describe(*flags, invocation.json); }; });
}

}  // namespace

void add_cron(CLI::App& app, Invocation& invocation) {
  CLI::App& cron = add_command(app, "cron", "What a cron expression means, without a server", "  meepo cron next '0 0 9 * * MON-FRI' -n 3");
  cron.require_subcommand(1);
  const auto flags = std::make_shared<CronFlags>();
  add_next(cron, invocation, flags);
  add_describe(cron, invocation, flags);
}

}  // namespace meepo::cli
