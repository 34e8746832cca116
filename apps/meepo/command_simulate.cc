// meepo simulate: what tasks would do between two instants, on a virtual clock with the real engine.

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include "api/http/json_read.h"
#include "command.h"
#include "convert/convert.h"
#include "schedule/zone.h"
#include "simulate/simulate.h"
#include "wiring.h"

namespace meepo::cli {

namespace {

constexpr std::size_t kSlices = 40;             // of the histogram
constexpr std::uint64_t kBarWidth = 50;         // characters
constexpr std::size_t kPlanBytesMax = 32UL << 20U;

struct SimulateFlags {
  ServerFlags server;
  std::string from;
  std::string to;
  std::string plan;
  std::string zone;
  std::int64_t duration_ms = 100;
  std::size_t lines = 100;
};

/// A task as `meepo task create` or the API takes it, or an array of them.
Result<std::vector<TaskSpec>> specs_of_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream read;
  if (!file || !(read << file.rdbuf()))
    return fail(Code::InvalidArgument, "--plan is \"" + path + "\"; expected a file that can be read", "--plan");
  const std::string text = read.str();
  if (text.size() > kPlanBytesMax) {
    return fail(Code::InvalidArgument, fmt::format("{} has {} bytes; expected at most {}", path, text.size(), kPlanBytesMax), "--plan");
  }
  const auto first = text.find_first_not_of(" \t\r\n");
  const bool is_list = first != std::string::npos && text[first] == '[';
  v1::CreateBatchRequest batch;
  if (auto parsed = api::read_json(is_list ? R"({"specs":)" + text + "}" : R"({"specs":[)" + text + "]}", batch); !parsed) {
    return fail(std::move(parsed.error()).prefixed(path));
  }
  std::vector<TaskSpec> specs;
  for (const auto& spec : batch.specs()) {
    auto one = convert::spec_from(spec);
    if (!one) return fail(std::move(one.error()).prefixed(fmt::format("{}: task {}", path, specs.size() + 1)));
    specs.push_back(*std::move(one));
  }
  return specs;
}

/// The living PLAN tasks of a server.
Result<std::vector<TaskSpec>> specs_of_server(const ServerFlags& flags) {
  const auto client = connect(flags);
  if (!client) return fail(client.error());
  std::vector<TaskSpec> specs;
  v1::ListTasksRequest request;
  request.set_kind(v1::Kind::PLAN);
  request.set_page_size(static_cast<std::uint32_t>(limits::kPageSizeMax));
  do {
    const auto page = (*client)->list(request);
    if (!page) return fail(page.error());
    for (const auto& task : page->tasks()) {
      if (task.has_ended_at() || task.paused()) continue;
      auto spec = convert::spec_from(task.spec());
      if (!spec) return fail(std::move(spec.error()).prefixed("task " + task.id()));
      specs.push_back(*std::move(spec));
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (specs.empty()) {
    return fail(Code::NotFound, "the server has no living PLAN task; give tasks with --plan FILE");
  }
  return specs;
}

std::string name_of(const TaskSpec& spec) { return spec.options.name.empty() ? target_label(spec.target) : spec.options.name; }

std::string fate_of(const ports::LedgerRow& row) {
  if (row.range) return fmt::format("{} ({})", to_string(row.range_fate), to_string(row.range_reason));
  const Firing& firing = *row.firing;
  if (firing.state != State::Ended) return std::string(to_string(firing.state));
  if (firing.fate == Fate::Fired) return std::string(to_string(firing.outcome));
  return firing.fate == Fate::Skipped ? fmt::format("SKIPPED ({})", to_string(firing.skip_reason)) : std::string(to_string(firing.fate));
}

std::string line_of(const simulate::Line& line, const TaskSpec& spec) {
  const std::string zone = spec.options.zone;
  const std::string due = schedule::to_iso_in_zone(line.due, zone);
  if (line.row.range) {
    const auto last = line.row.range->last.instant();
    const std::string until = last && line.row.range->count > 1 ? " to " + schedule::to_iso_in_zone(*last, zone) : "";
    return fmt::format("{}  {}  {} {}{}: {}", due, name_of(spec), line.row.range->count, line.row.range->count == 1 ? "tick" : "ticks",
                       until, fate_of(line.row));
  }
  const Firing& firing = *line.row.firing;
  std::string late;
  if (firing.begun_at && *firing.begun_at > firing.due) late = fmt::format("  {} ms late", (*firing.begun_at - firing.due).count());
  return fmt::format("{}  {}  {}{}", due, name_of(spec), fate_of(line.row), late);
}

void print_report(const simulate::Report& report, const std::vector<TaskSpec>& specs, const SimulateFlags& flags, const std::string& zone) {
  const std::size_t shown = std::min(flags.lines, report.lines.size());
  for (std::size_t i = 0; i < shown; ++i) std::puts(line_of(report.lines[i], specs[report.lines[i].task]).c_str());
  if (shown < report.lines.size()) std::puts(fmt::format("… and {} more (--lines)", report.lines.size() - shown).c_str());
  std::uint64_t most = 1;
  for (const auto& slice : report.load) most = std::max(most, slice.began);
  std::puts(fmt::format("\n{} runs, {} ticks skipped, at most {} at once. Runs begun from each time on, and the most at once:",
                        report.began, report.skipped, report.at_once)
                .c_str());
  for (const auto& slice : report.load) {
    const auto width = static_cast<std::size_t>((slice.began * kBarWidth + most - 1) / most);
    std::puts(
        fmt::format("{} {:>9} {:>7}  {}", schedule::to_iso_in_zone(slice.begin, zone), slice.began, slice.at_once, std::string(width, '#'))
            .c_str());
  }
}

void print_json(const simulate::Report& report, const std::vector<TaskSpec>& specs) {
  for (const auto& line : report.lines) {
    boost::json::object out{
        {"task", line.task}, {"name", name_of(specs[line.task])}, {"due", to_iso_utc(line.due)}, {"fate", fate_of(line.row)}};
    if (line.row.range) {
      out["ticks"] = line.row.range->count;
      out["last"] = line.row.range->last.text();
    } else {
      out["tick"] = line.row.firing->id.tick.text();
      if (line.row.firing->begun_at) out["begunAt"] = to_iso_utc(*line.row.firing->begun_at);
    }
    std::puts(boost::json::serialize(out).c_str());
  }
  for (const auto& slice : report.load) {
    const boost::json::object out{{"from", to_iso_utc(slice.begin)}, {"began", slice.began}, {"atOnce", slice.at_once}};
    std::puts(boost::json::serialize(out).c_str());
  }
}

Result<SysTime> instant(const std::string& text, std::string_view flag) {
  auto time = parse_iso(text);
  if (!time) return fail(std::move(time.error()).prefixed(flag));
  return time;
}

int simulate_tasks(const SimulateFlags& flags, const Invocation& invocation) {
  const auto from = instant(flags.from, "--from");
  if (!from) return tell(from.error(), invocation.json, kUsage);
  const auto to = instant(flags.to, "--to");
  if (!to) return tell(to.error(), invocation.json, kUsage);
  const std::string zone = flags.zone.empty() ? schedule::system_zone() : flags.zone;
  if (auto known = schedule::check_zone(zone); !known) return tell(known.error(), invocation.json, kUsage);
  auto specs = flags.plan.empty() ? specs_of_server(flags.server) : specs_of_file(flags.plan);
  if (!specs) return tell(specs.error(), invocation.json, flags.plan.empty() ? kFailure : kUsage);
  for (auto& spec : *specs) {
    if (spec.options.zone.empty()) spec.options.zone = zone;
  }
  const simulate::Settings settings{.from = *from, .to = *to, .duration = milliseconds(flags.duration_ms), .default_zone = zone};
  const auto report = run_simulation(settings, *specs, kSlices);
  if (!report) return tell(report.error(), invocation.json, report.error().code == Code::InvalidArgument ? kUsage : kFailure);
  if (invocation.json) {
    print_json(*report, *specs);
  } else {
    print_report(*report, *specs, flags, zone);
  }
  return kOk;
}

}  // namespace

void add_simulate(CLI::App& app, Invocation& invocation) {
  CLI::App& command = add_command(app, "simulate", "Show what tasks would do between two instants, on a virtual clock",
                                  "  meepo simulate --from 2026-12-01T00:00:00+08:00 --to 2026-12-08T00:00:00+08:00\n"
                                  "  meepo simulate --plan plans.json --from 2026-03-07T00:00:00Z --to 2026-03-09T00:00:00Z --zone "
                                  "America/New_York --duration-ms 90000\n"
                                  "plans.json holds tasks as POST /v1/tasks takes them, one or an array:\n"
                                  "  [{\"appId\":\"billing\",\"kind\":\"PLAN\",\"define\":\"0 0/15 * * * *\",\"name\":\"settle\",\n"
                                  "    \"target\":{\"service\":{\"interface\":\"com.example.Billing\",\"method\":\"settle\"}}}]");
  const auto flags = std::make_shared<SimulateFlags>();
  add_json(command, invocation);
  add_server_flags(command, flags->server);
  command.add_option("--from", flags->from, "ISO 8601 instant at which the tasks are created")->required();
  command.add_option("--to", flags->to, "ISO 8601 instant at which the simulation ends")->required();
  command.add_option("--plan", flags->plan, "JSON file with tasks (default: the living PLAN tasks of the server)");
  command.add_option("--zone", flags->zone, "IANA time zone of tasks that name none (default: the system's)");
  command.add_option("--duration-ms", flags->duration_ms, "How long each run takes, in milliseconds")
      ->capture_default_str()
      ->check(CLI::Range(1, 604'800'000));
  command.add_option("--lines", flags->lines, "Lines of the ledger that are printed")->capture_default_str();
  command.callback([&invocation, flags] { invocation.run = [&invocation, flags] { return simulate_tasks(*flags, invocation); }; });
}

}  // namespace meepo::cli
