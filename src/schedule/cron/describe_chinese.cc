#include <fmt/format.h>

#include <array>
#include <tuple>

#include "schedule/cron/describe_parts.h"

namespace meepo::cron {
namespace {

constexpr std::array<std::string_view, 8> kWeekdays = {"", "周一", "周二", "周三", "周四", "周五", "周六", "周日"};
constexpr std::array<std::string_view, 6> kOrdinals = {"", "一", "二", "三", "四", "五"};

/// The words of a field of time: the counter of one value and of a span ("第5分", "5分钟").
struct Unit {
  std::string_view value;
  std::string_view span;
};
constexpr Unit kSecond = {"秒", "秒"};
constexpr Unit kMinute = {"分", "分钟"};
constexpr Unit kHour = {"时", "小时"};

std::string list(const std::vector<std::string>& parts) { return join(parts, "、", "和"); }

template <class Name>
std::string runs(const Part& part, Name&& name) {
  std::vector<std::string> parts;
  for (const auto& run : part.runs)
    parts.push_back(run.low == run.high ? name(run.low) : fmt::format("{}至{}", name(run.low), name(run.high)));
  return list(parts);
}

/// "每5分钟", "从第5分到第25分每5分钟", "第10、20和30分"
std::string every(const Part& part, const Unit& unit) {
  if (part.kind == Part::Kind::All) return fmt::format("每{}", unit.span);
  if (part.kind == Part::Kind::Runs) {
    return fmt::format("第{}{}", runs(part, [](int value) { return fmt::to_string(value); }), unit.value);
  }
  auto text = fmt::format("每{}{}", part.step, unit.span);
  if (part.whole) return text;
  if (part.to_end) return fmt::format("从第{}{}起{}", part.low, unit.value, text);
  return fmt::format("从第{}{}到第{}{}{}", part.low, unit.value, part.high, unit.value, text);
}

std::string hours(const Part& hour) {
  if (hour.kind != Part::Kind::Runs) {
    if (hour.kind == Part::Kind::All || hour.whole) return every(hour, kHour);
    if (hour.to_end) return fmt::format("从{}时起每{}小时", hour.low, hour.step);
    return fmt::format("从{}时到{}时每{}小时", hour.low, hour.high, hour.step);
  }
  return runs(hour, [](int value) { return fmt::format("{}时", value); });
}

/// "每小时的第30分", "14时内每分钟": a finer time within a coarser one.
std::string inside(const std::string& coarse, const Part& fine, const std::string& text) {
  return coarse + (fine.kind == Part::Kind::Runs ? "的" : "内") + text;
}

std::string time_text(const Outline& outline) {
  if (!outline.times.empty()) return list(outline.times);
  const auto& [second, minute, hour] = std::tie(outline.second, outline.minute, outline.hour);
  const bool every_hour = hour.kind == Part::Kind::All;
  if (!second.is(0)) {
    std::string text = every(second, kSecond);
    if (!second.repeats() || minute.kind != Part::Kind::All) text = inside(every(minute, kMinute), second, text);
    return every_hour && minute.repeats() ? text : inside(hours(hour), minute, text);
  }
  if (!minute.is(0)) return every_hour && minute.repeats() ? every(minute, kMinute) : inside(hours(hour), minute, every(minute, kMinute));
  return hour.kind == Part::Kind::Runs ? hours(hour) + "的每个整点" : hours(hour);
}

std::string special_day(const Item& item) {
  if (item.kind == Item::Kind::LastWeekday) return "最后一个工作日（周一至周五）";
  if (item.kind == Item::Kind::NearestWeekday) return fmt::format("离{}日最近的工作日", item.low);
  if (item.low == 0) return "最后一天";
  return fmt::format("倒数第{}天", item.low + 1);
}

std::string days_text(const Outline& outline) {
  std::vector<std::string> parts;
  const auto& day = outline.day;
  if (day.kind == Part::Kind::Step) {
    parts.push_back(fmt::format("从{}日{}每{}天", day.low, day.to_end ? "起" : fmt::format("到{}日", day.high), day.step));
  } else if (!day.runs.empty()) {
    parts.push_back(runs(day, [](int value) { return fmt::format("{}日", value); }));
  }
  for (const auto& item : outline.special_days) parts.push_back(special_day(item));
  return list(parts);
}

std::string weekdays_text(const Outline& outline) {
  std::vector<std::string> parts;
  if (!outline.weekday.runs.empty())
    parts.push_back(runs(outline.weekday, [](int day) { return std::string(kWeekdays[static_cast<std::size_t>(day)]); }));
  for (const auto& item : outline.special_weekdays) {
    const auto name = kWeekdays[static_cast<std::size_t>(item.low)];
    if (item.kind == Item::Kind::LastOfWeek) {
      parts.push_back(fmt::format("当月最后一个{}", name));
    } else {
      parts.push_back(fmt::format(
          "当月第{}个{}", item.high <= 5 ? std::string(kOrdinals[static_cast<std::size_t>(item.high)]) : fmt::to_string(item.high), name));
    }
  }
  return list(parts);
}

}  // namespace

std::string describe_chinese(const Outline& outline) {
  std::string day;
  if (outline.month.kind != Part::Kind::All) day = runs(outline.month, [](int month) { return fmt::format("{}月", month); });
  if (!outline.any_day) {
    day += (day.empty() ? "每月" : "的") + days_text(outline);
    if (!outline.any_weekday) day += "且须为" + weekdays_text(outline);
  } else if (!outline.any_weekday) {
    day += (day.empty() ? "" : "的") + weekdays_text(outline);
  } else if (!day.empty() || !outline.times.empty()) {
    day += "每天";
  }
  std::string text = day;
  if (!day.empty()) text += outline.times.empty() ? "，" : " ";
  text += time_text(outline);
  if (!outline.possible) text += "（永不执行：没有这样的日期）";
  return text;
}

}  // namespace meepo::cron
