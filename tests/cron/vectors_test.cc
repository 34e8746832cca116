// Spring's recorded answers (cron-spring.jsonl): every line is met, but for those in deviations.jsonl, each of which says which rule it is.

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "schedule/cron/expression.h"

namespace meepo::cron {
namespace {

namespace json = boost::json;

std::vector<json::object> read_lines(const std::string& name) {
  std::ifstream file(std::string(MEEPO_CRON_DATA) + "/" + name);
  EXPECT_TRUE(file) << "open " << name;
  std::vector<json::object> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(json::parse(line).as_object());
  return lines;
}

std::string text_of(const json::object& line, std::string_view key) {
  const auto* value = line.if_contains(key);
  return value == nullptr ? std::string() : std::string(value->as_string());
}

SysTime time_of(const json::value& value) { return parse_iso(std::string(value.as_string())).value(); }

/// "2026-11-26T09:00:00+08:00", as the vectors write times.
std::string iso_of(SysTime time, const Zone& zone) {
  auto text = zone.to_iso(time);
  text.erase(text.find('.'), 4);
  if (zone.offset(time).count() == 0) text.replace(text.size() - 6, 6, "Z");
  return text;
}

/// As many answers as Spring's line has, each from the one before; null when there is no further time.
json::array our_answers(const json::object& line, const Expression& expression, const Zone& zone) {
  json::array answers;
  SysTime at = time_of(line.at("from"));
  for (std::size_t count = line.at("next").as_array().size(); count > 0; --count) {
    const auto next = expression.next(at, zone, Dst::Spring);
    if (!next) {
      answers.emplace_back(nullptr);
      break;
    }
    answers.emplace_back(iso_of(*next, zone));
    at = *next;
  }
  return answers;
}

bool same_times(const json::array& left, const json::array& right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i].is_null() != right[i].is_null()) return false;
    if (!left[i].is_null() && time_of(left[i]) != time_of(right[i])) return false;
  }
  return true;
}

bool is_ascending(const json::object& line) {
  SysTime at = time_of(line.at("from"));
  for (const auto& each : line.at("next").as_array()) {
    if (each.is_null()) break;
    if (time_of(each) <= at) return false;
    at = time_of(each);
  }
  return true;
}

/// Each of Spring's times up to our last one is one of ours.
bool nothing_is_lost(const json::array& spring, const json::array& ours) {
  const auto contains = [&](SysTime time) {
    return std::ranges::any_of(ours, [&](const json::value& each) { return !each.is_null() && time_of(each) == time; });
  };
  return std::ranges::all_of(spring, [&](const json::value& each) {
    return each.is_null() || ours.back().is_null() || time_of(each) > time_of(ours.back()) || contains(time_of(each));
  });
}

/// The rule by which an answer differs from Spring's; empty: there is no excuse.
std::string rule_of(const json::object& line, const json::value& ours) {
  if (!ours.is_array()) return "odd digits and names are refused";
  const bool day_may_be_missing = text_of(line, "expr").contains("L-28") || text_of(line, "expr").contains("L-29");
  if (!is_ascending(line) || day_may_be_missing) return "every answer is later than its argument and matches the expression";
  if (!nothing_is_lost(line.at("next").as_array(), ours.as_array())) return {};
  const auto zone = text_of(line, "zone");
  if (zone == "Australia/Lord_Howe" || zone == "Antarctica/Troll") return "a change of half an hour or two loses no occurrence";
  if (zone == "America/Sao_Paulo") return "a gap at midnight does not lose the rest of the day";
  return {};
}

std::string key_of(const json::object& line) { return text_of(line, "expr") + "|" + text_of(line, "zone") + "|" + text_of(line, "from"); }

/// Nothing if we answer as Spring; else the line for deviations.jsonl.
std::optional<json::object> deviation_of(const json::object& line, Zones& zones) {
  const auto expression = Expression::parse(text_of(line, "expr"));
  json::object deviation{{"expr", line.at("expr")}};
  if (line.contains("rejected")) {
    if (!expression) return std::nullopt;
    deviation["spring"] = "rejected";
    deviation["ours"] = "accepted";
    deviation["rule"] = "";
    return deviation;
  }
  deviation["zone"] = line.at("zone");
  deviation["from"] = line.at("from");
  deviation["spring"] = line.at("next");
  if (expression) {
    const auto ours = our_answers(line, *expression, *zones.find(text_of(line, "zone")).value());
    if (same_times(ours, line.at("next").as_array())) return std::nullopt;
    deviation["ours"] = ours;
  } else {
    deviation["ours"] = "rejected";
  }
  deviation["rule"] = rule_of(line, deviation.at("ours"));
  return deviation;
}

TEST(CronVectors, EveryLineIsAnsweredAsSpringDoesOrIsAListedDeviation) {
  std::multimap<std::string, json::object> listed;
  for (auto& line : read_lines("deviations.jsonl")) listed.emplace(key_of(line), line);
  Zones zones;
  std::size_t count = 0;
  for (const auto& line : read_lines("cron-spring.jsonl")) {
    ++count;
    const auto deviation = deviation_of(line, zones);
    if (!deviation) continue;
    const auto known = listed.find(key_of(line));
    if (known == listed.end() || json::value(known->second) != json::value(*deviation)) {
      ADD_FAILURE() << "not as Spring, and not in deviations.jsonl:\n" << json::serialize(*deviation);
      continue;
    }
    EXPECT_FALSE(text_of(*deviation, "rule").empty()) << "no rule allows this deviation: " << json::serialize(*deviation);
    listed.erase(known);
  }
  EXPECT_GT(count, 8'000U);
  for (const auto& [key, line] : listed) ADD_FAILURE() << "in deviations.jsonl, but no deviation: " << json::serialize(line);
}

TEST(CronVectors, EveryAnswerIsLaterThanItsArgumentAlsoWhereSpringsIsNot) {
  Zones zones;
  for (const auto& line : read_lines("cron-spring.jsonl")) {
    const auto expression = Expression::parse(text_of(line, "expr"));
    if (!expression || !line.contains("next")) continue;
    const auto& zone = *zones.find(text_of(line, "zone")).value();
    for (const auto dst : {Dst::Spring, Dst::Once}) {
      SysTime at = time_of(line.at("from"));
      for (int i = 0; i < 12; ++i) {
        const auto next = expression->next(at, zone, dst);
        if (!next) break;
        ASSERT_GT(*next, at) << key_of(line);
        at = *next;
      }
    }
  }
}

// dst.jsonl holds what Spring's recordings lack: Cairo as Spring 7.1.0-M1 answers (6.2 loses a day there), dst=once by the rules of Cronos,
// and times after the changes that tzdata lists.
TEST(CronVectors, ClockChangesBeyondSpringsRecordings) {
  Zones zones;
  for (const auto& line : read_lines("dst.jsonl")) {
    const auto expression = Expression::parse(text_of(line, "expr"));
    ASSERT_TRUE(expression) << key_of(line);
    const auto& zone = *zones.find(text_of(line, "zone")).value();
    const auto dst = text_of(line, "dst") == "once" ? Dst::Once : Dst::Spring;
    SysTime at = time_of(line.at("from"));
    std::vector<std::string> expected;
    std::vector<std::string> answers;
    for (const auto& each : line.at("next").as_array()) {
      expected.emplace_back(each.as_string());
      const auto next = expression->next(at, zone, dst);
      ASSERT_TRUE(next) << key_of(line);
      answers.push_back(iso_of(*next, zone));
      at = *next;
    }
    EXPECT_EQ(answers, expected) << key_of(line) << "|" << text_of(line, "dst");
  }
}

}  // namespace
}  // namespace meepo::cron
