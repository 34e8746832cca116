#include "print.h"

#include <algorithm>
#include <optional>

#include "base/ids.h"
#include "base/time.h"
#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/json.h"

namespace meepo::cli {

namespace {

// A character is a byte that does not continue another one (UTF-8).
bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }
std::size_t width(std::string_view text) { return static_cast<std::size_t>(std::ranges::count_if(text, begins_character)); }

constexpr std::size_t kCellCharacters = 60;

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

void add_if(std::vector<std::vector<std::string>>& rows, const std::string& name, std::string value) {
  if (!value.empty()) rows.push_back({name, std::move(value)});
}

std::string call_of(const v1::Target& target) {
  std::string text = label_of(target);
  const v1::ServiceTarget& service = target.service();
  if (!service.version().empty() || !service.group().empty())
    text += " (version " + quoted(service.version()) + ", group " + quoted(service.group()) + ")";
  const std::string params = text_of(service.params());
  return params.empty() ? text : text + " " + shortened(params, 200);
}

std::string result_of(const v1::Firing& firing) { return firing.has_result() ? text_of(firing.result()) : firing.error(); }

std::string firing_line(const v1::Firing& firing) {
  std::string text = firing.id() + "  " + standing_of(firing);
  if (firing.has_due()) text += ", due " + text_of(firing.due());
  if (!firing.executor().empty()) text += ", on " + firing.executor();
  const std::string result = result_of(firing);
  if (!result.empty()) text += ": " + shortened(result, 200);
  return text;
}

std::string tick_of(const std::string& firing_id) { return firing_id.substr(firing_id.find('@') + 1); }

void add_attempts(const v1::LedgerRow& row, std::vector<std::vector<std::string>>& rows) {
  for (const v1::Attempt& attempt : row.attempts()) {
    std::string outcome = attempt.outcome() == v1::Firing::OUTCOME_UNSPECIFIED ? (attempt.has_ended_at() ? "LOST" : "OPEN")
                                                                               : v1::Firing::Outcome_Name(attempt.outcome());
    std::string said = attempt.error().empty() ? attempt.progress() : attempt.error();
    rows.push_back({"  #" + std::to_string(attempt.number()), attempt.has_begun_at() ? text_of(attempt.begun_at()) : "", std::move(outcome),
                    "", attempt.executor(), attempt.has_ended_at() ? text_of(attempt.ended_at()) : "", shortened(said, kCellCharacters)});
  }
}

}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - width(row[i]) + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t characters) {
  std::string out;
  std::size_t count = 0;
  const bool cut = width(text) > characters;
  for (const char byte : text) {
    if (begins_character(byte) && ++count > (cut ? characters - 1 : characters)) break;
    out += byte == '\n' || byte == '\r' || byte == '\t' ? ' ' : byte;
  }
  return cut ? out + "…" : out;
}

std::string text_of(const v1::Payload& payload) {
  switch (payload.data_case()) {
    case v1::Payload::kJson: return payload.json();
    case v1::Payload::kHessian2: {
      hessian2::Document document;
      const auto value = hessian2::decode(payload.hessian2(), document);
      return value ? hessian2::to_json(*value) : std::to_string(payload.hessian2().size()) + " bytes of Hessian 2";
    }
    case v1::Payload::kBytes: return std::to_string(payload.bytes().size()) + " bytes";
    case v1::Payload::DATA_NOT_SET: return {};
  }
  return {};
}

std::string text_of(const google::protobuf::Timestamp& time) {
  return to_iso_utc(from_unix_ms(time.seconds() * 1'000 + time.nanos() / 1'000'000));
}

std::string label_of(const v1::Target& target) {
  switch (target.target_case()) {
    case v1::Target::kService: return target.service().interface() + "#" + target.service().method();
    case v1::Target::kHttp: return target.http().method() + " " + target.http().url();
    case v1::Target::kCommand: return target.command().argv_size() > 0 ? target.command().argv(0) : "";
    case v1::Target::TARGET_NOT_SET: return {};
  }
  return {};
}

std::string standing_of(const v1::Firing& firing) {
  std::string text = firing.state() == v1::Firing::STATE_UNSPECIFIED ? "" : v1::Firing::State_Name(firing.state());
  if (firing.state() == v1::Firing::ENDED) {
    text = firing.outcome() == v1::Firing::OUTCOME_UNSPECIFIED ? v1::Firing::Fate_Name(firing.fate())
                                                               : v1::Firing::Outcome_Name(firing.outcome());
  }
  if (!firing.reason().empty()) text += " (" + firing.reason() + ")";
  if (firing.attempt() > 0) text += " attempt " + std::to_string(firing.attempt());
  if (!firing.cancel().empty()) text += ", cancel " + firing.cancel();
  return text;
}

namespace {

/// From the first to the last instant of ticks that are named by theirs.
std::string range_times(const v1::TickRange& range) {
  const auto time = [](const std::string& tick) {
    const auto parsed = Tick::parse(tick);
    const auto instant = parsed ? parsed->instant() : std::nullopt;
    return instant ? to_iso_utc(*instant) : std::string();
  };
  const std::string first = time(range.first());
  return range.count() == 1 || first.empty() ? first : first + " … " + time(range.last());
}

}  // namespace

std::string describe(const v1::UpdateTaskResponse& updated) {
  std::vector<std::vector<std::string>> rows = {
      {"version", std::to_string(updated.version())},
      {"next due", updated.next_due().empty() ? "none" : updated.next_due() + " (" + updated.zone() + ")"}};
  for (const std::string& warning : updated.warnings()) rows.push_back({"warning", warning});
  return table(rows);
}

std::string describe(const v1::BackfillResponse& backfilled) {
  std::vector<std::vector<std::string>> rows = {{"TICK", "DUE", "FIRING"}};
  for (const auto& item : backfilled.items())
    rows.push_back({item.tick(), item.due(), item.firing_id().empty() ? "not run" : item.firing_id()});
  return table(rows) + std::to_string(backfilled.items_size()) + (backfilled.items_size() == 1 ? " tick\n" : " ticks\n");
}

std::string describe(const v1::WhyResponse& why) {
  std::string out = why.verdict() + (why.tick().empty() ? "" : "  tick " + why.tick()) + "\n" + why.summary() + "\n";
  for (const auto& detail : why.details()) out += "  " + detail + "\n";
  if (why.reruns_size() > 0) out += "Run again " + std::to_string(why.reruns_size()) + (why.reruns_size() == 1 ? " time\n" : " times\n");
  return out;
}

std::string describe(const v1::CreateTaskResponse& created) {
  std::vector<std::vector<std::string>> rows = {{created.existed() ? "existed" : "created", created.id()},
                                                {"first due", created.first_due() + " (" + created.zone() + ")"}};
  for (const std::string& warning : created.warnings()) rows.push_back({"warning", warning});
  return table(rows);
}

std::string describe(const v1::Task& task) {
  const v1::TaskSpec& spec = task.spec();
  std::vector<std::vector<std::string>> rows = {{"id", task.id()},
                                                {"status", v1::Status::Value_Name(task.status()) + (task.paused() ? ", paused" : "")}};
  add_if(rows, "name", spec.name());
  add_if(rows, "app", spec.app_id());
  rows.push_back({"kind", v1::Kind::Value_Name(spec.kind()) + (spec.define().empty() ? "" : " " + quoted(spec.define())) +
                              (spec.run_once() ? ", run once" : "")});
  rows.push_back({"target", call_of(spec.target())});
  for (const v1::Target& next : spec.next()) rows.push_back({"next", call_of(next)});
  for (const auto& [key, value] : spec.labels()) rows.push_back({"label", std::string(key).append("=").append(value)});
  add_if(rows, "parent", task.parent_firing_id());
  if (task.has_created_at()) rows.push_back({"created", text_of(task.created_at())});
  if (task.has_ended_at()) rows.push_back({"ended", text_of(task.ended_at())});
  rows.push_back({"fired", std::to_string(task.firings())});
  if (task.has_latest()) rows.push_back({"latest", firing_line(task.latest())});
  if (task.has_latest() && !task.latest().chained_task_id().empty()) rows.push_back({"chained", task.latest().chained_task_id()});
  if (task.has_armed()) rows.push_back({"armed", firing_line(task.armed())});
  return table(rows);
}

std::string describe(const v1::ListTasksResponse& page) {
  std::vector<std::vector<std::string>> rows = {{"ID", "STATUS", "KIND", "TARGET", "NAME", "CREATED"}};
  for (const v1::Task& task : page.tasks()) {
    rows.push_back({task.id(), v1::Status::Value_Name(task.status()) + (task.paused() ? " paused" : ""),
                    v1::Kind::Value_Name(task.spec().kind()), shortened(label_of(task.spec().target()), kCellCharacters),
                    shortened(task.spec().name(), kCellCharacters), task.has_created_at() ? text_of(task.created_at()) : ""});
  }
  std::string out = table(rows);
  if (!page.next_page_token().empty()) out += "More: --page-token " + page.next_page_token() + "\n";
  return out;
}

std::string describe(const v1::LedgerResponse& page) {
  std::vector<std::vector<std::string>> rows = {{"TICK", "DUE", "FATE", "ATTEMPTS", "EXECUTOR", "ENDED", "RESULT"}};
  for (const v1::LedgerRow& row : page.rows()) {
    if (row.has_range()) {
      const bool one = row.range().count() == 1;
      rows.push_back({one ? row.range().first() : row.range().first() + " … " + row.range().last(), range_times(row.range()),
                      v1::Firing::Fate_Name(row.range_fate()) + " (" + row.range_reason() + ")",
                      std::to_string(row.range().count()) + (one ? " tick" : " ticks"), "",
                      row.has_range_at() ? text_of(row.range_at()) : "", ""});
      continue;
    }
    const v1::Firing& firing = row.firing();
    v1::Firing bare = firing;
    bare.clear_attempt();
    rows.push_back({tick_of(firing.id()), firing.has_due() ? text_of(firing.due()) : "", standing_of(bare),
                    std::to_string(firing.attempt()), firing.executor(), firing.has_ended_at() ? text_of(firing.ended_at()) : "",
                    shortened(result_of(firing), kCellCharacters)});
    add_attempts(row, rows);
  }
  std::string out = table(rows);
  if (!page.next_page_token().empty()) out += "More: --page-token " + page.next_page_token() + "\n";
  return out;
}

std::string describe(const v1::CancelTaskResponse& cancelled) {
  std::string out = cancelled.cancelled() ? "cancelled\n" : "it had ended before\n";
  for (const std::string& firing : cancelled.running()) out += "asked to stop  " + firing + "\n";
  for (const std::string& task : cancelled.chained()) out += "not cancelled  " + task + " (created by its success)\n";
  return out;
}

}  // namespace meepo::cli
