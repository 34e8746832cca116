#include "sim/faults/workload.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace meepo::test {

namespace {

constexpr std::array<PlanShape, 6> kPlans = {{
    {.define = "*/20 * * * * *", .zone = "UTC", .zone_offset = 0, .period = 20, .offset = 0},
    {.define = "7 * * * * *", .zone = "Asia/Shanghai", .zone_offset = 28'800, .period = 60, .offset = 7},
    {.define = "30 */2 * * * *", .zone = "UTC", .zone_offset = 0, .period = 120, .offset = 30},
    {.define = "0 7/20 * * * *", .zone = "Asia/Kolkata", .zone_offset = 19'800, .period = 1'200, .offset = 420},
    {.define = "0 0/20 * * * *", .zone = "Asia/Kolkata", .zone_offset = 19'800, .period = 1'200, .offset = 0},
    {.define = "0,1 3/5 * * * *", .zone = "Asia/Shanghai", .zone_offset = 28'800, .period = 300, .offset = 180},
}};

std::string some_zone(std::uint64_t random) {
  static constexpr std::array<const char*, 3> kZones = {"UTC", "Asia/Shanghai", "Asia/Kolkata"};
  return kZones[random % kZones.size()];
}

std::string local_digits(SysTime at, const std::string& zone) {
  const std::int64_t offset = zone == "UTC" ? 0 : zone == "Asia/Shanghai" ? 28'800 : 19'800;
  const auto local = at + std::chrono::seconds(offset);
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(local - day));
  return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(), time.seconds().count());
}

Target target(std::string method, std::string arguments) {
  ServiceTarget out{.interface = "sim.Target", .method = std::move(method)};
  out.params = {.encoding = Encoding::Json, .data = std::move(arguments)};
  return out;
}

}  // namespace

bool PlanShape::fires(SysTime at) const {
  const auto ms = at.time_since_epoch().count();
  if (ms % 1'000 != 0) return false;
  const std::int64_t place = (ms / 1'000 + zone_offset) % period;
  // The last shape fires in two seconds of its minute.
  return place == offset || (period == 300 && place == offset + 1);
}

Workload::Workload(Cluster& cluster, std::uint64_t seed) : cluster_(cluster), random_(seed ^ 0x776f726bULL) {}

void Workload::at(std::chrono::nanoseconds when, std::function<void()> work) { cluster_.loop.call_at(SteadyTime(when), std::move(work)); }

void Workload::plan(std::chrono::seconds until) {
  const auto span = static_cast<std::uint64_t>(std::chrono::milliseconds(until).count());
  for (int i = 0; i < kTasks; ++i) {
    Asked& asked = asked_.emplace_back();
    asked.argument = fmt::format("[{}]", i);
    const auto when = std::chrono::milliseconds(3'000 + pick(span - 3'000));
    at(when, [this, &asked] {
      asked.spec = some_spec(asked);
      create(asked);
    });
    if (pick(10) == 0) {
      at(when + milliseconds(pick(120'000)), [this, &asked] {
        asked.cancel_asked = true;
        cancel(asked, 0);
      });
    } else if (pick(15) == 0) {
      at(when + milliseconds(pick(60'000)), [this, &asked] { run_by_hand(asked, 0); });
    }
  }
}

std::string Workload::some_request_id() {
  // Only four shards have owners here.
  for (;;) {
    std::string id = fmt::format("request-{:x}", random_.next());
    if (shard_of_key("sim", id) < Cluster::kShards) return id;
  }
}

TaskSpec Workload::plan_spec(Asked& asked) {
  // The frequent ones are few.
  asked.plan = &kPlans[pick(8) == 0 ? 0 : 1 + pick(kPlans.size() - 1)];
  TaskSpec spec{.app_id = "sim", .kind = Kind::Plan, .define = asked.plan->define, .target = target("echo", asked.argument)};
  spec.options.zone = asked.plan->zone;
  spec.options.misfire.kind = Misfire::Kind::All;
  spec.options.overlap = pick(2) == 0 ? Overlap::Allow : Overlap::BufferAll;
  if (spec.options.overlap == Overlap::Allow && pick(4) == 0) spec.target = target("slow", asked.argument);
  return spec;
}

TaskSpec Workload::some_spec(Asked& asked) {
  static constexpr std::array<const char*, 10> kMethods = {"echo",       "echo",       "echo", "echo",  "fail",
                                                           "fail_first", "fail_first", "slow", "stuck", "echo"};
  static constexpr std::array<const char*, 4> kLadders = {"0,1,3,5", "2,20,40", "0", "5,5,1,60"};
  TaskSpec spec;
  const auto kind = pick(20);
  const std::string method = &asked == &asked_.front() ? "crash" : kMethods[pick(kMethods.size())];
  if (kind < 9 || method == "crash") {
    spec = {.app_id = "sim", .kind = Kind::Real, .define = "", .target = target(method, asked.argument)};
  } else if (kind < 14) {
    spec = {.app_id = "sim", .kind = Kind::Ladder, .define = kLadders[pick(kLadders.size())], .target = target(method, asked.argument)};
    spec.options.run_once = pick(3) == 0;
  } else if (kind < 17) {
    const std::string zone = some_zone(pick(3));
    const SysTime due = cluster_.loop.system_now() + std::chrono::seconds(pick(300));
    spec = {.app_id = "sim", .kind = Kind::Timing, .define = local_digits(due, zone), .target = target(method, asked.argument)};
    spec.options.zone = zone;
  } else {
    spec = plan_spec(asked);
  }
  if (method == "stuck") spec.options.timeout = milliseconds(8'000);
  if (pick(2) == 0) {
    spec.options.retry = {.kind = RetryPolicy::Kind::Exponential, .max_retries = 2, .delay = milliseconds(500), .jitter = 0.5};
  }
  if (spec.kind == Kind::Real && pick(3) == 0) spec.next = {target("echo", fmt::format("[{},\"next\"]", asked.argument))};
  if (method == "slow" && pick(3) == 0) spec.options.on_lost = OnLost::Unknown;
  spec.options.priority = static_cast<std::int32_t>(pick(10));
  if (pick(8) != 0) spec.options.request_id = some_request_id();
  return spec;
}

std::pair<scheduler::Scheduler*, NodeLoop*> Workload::some_scheduler() {
  const std::size_t node = pick(Cluster::kSchedulers);
  return {cluster_.scheduler(node), cluster_.scheduler_loop(node)};
}

void Workload::create(Asked& asked) {
  if (asked.id || asked.refused || ++asked.tries > kTriesMax) return;
  const auto [node, loop] = some_scheduler();
  if (node == nullptr) {
    later([this, &asked] { create(asked); });
    return;
  }
  auto checked = scheduler::check(asked.spec, "UTC");
  if (!checked) {
    cluster_.witness.violation("workload", checked.error().message);
    return;
  }
  const int of_try = asked.tries;
  auto specs = std::make_shared<std::vector<scheduler::CheckedSpec>>();
  specs->push_back(*std::move(checked));
  loop->post([this, &asked, of_try, specs, scheduler = node] {
    scheduler->create(std::move(*specs), [this, &asked, of_try](std::vector<Result<scheduler::Created>> answers) {
      created(asked, of_try, std::move(answers.front()));
    });
  });
  at(cluster_.loop.elapsed() + kPatience, [this, &asked, of_try] {
    if (asked.tries != of_try || asked.id || asked.refused) return;
    asked.unsure = true;
    if (!asked.spec.options.request_id.empty()) create(asked);
  });
}

void Workload::created(Asked& asked, int of_try, Result<scheduler::Created> answer) {
  if (answer) {
    if (asked.id && *asked.id != answer->id) {
      cluster_.witness.violation(
          "I14", fmt::format("request {} created {} and {}", asked.spec.options.request_id, asked.id->text(), answer->id.text()));
    }
    asked.id = answer->id;
    cluster_.witness.say(
        fmt::format("created {} {} {} {}", answer->id.text(), to_string(asked.spec.kind), asked.spec.define, asked.argument));
    return;
  }
  if (asked.tries != of_try || asked.id) return;
  const Code code = answer.error().code;
  if (code == Code::InvalidArgument || code == Code::Conflict) {
    asked.refused = true;
    if (asked.spec.kind != Kind::Timing) cluster_.witness.violation("workload", answer.error().message);
    return;
  }
  const bool sure = code == Code::Unavailable || code == Code::Fenced || code == Code::Exhausted;
  if (!sure) asked.unsure = true;
  if (sure || !asked.spec.options.request_id.empty()) later([this, &asked] { create(asked); });
}

void Workload::cancel(Asked& asked, int tries) {
  if (asked.cancelled_at || tries > kTriesMax) return;
  const auto [node, loop] = some_scheduler();
  const auto again = [this, &asked, tries] { cancel(asked, tries + 1); };
  if (node == nullptr || !asked.id) {
    later(again);
    return;
  }
  loop->post([this, &asked, scheduler = node] {
    scheduler->cancel(*asked.id, [this, &asked](Result<scheduler::Cancelled> answer) {
      if (!answer || asked.cancelled_at) return;
      asked.cancelled_at = cluster_.loop.elapsed();
      asked.running_at_cancel.insert(answer->running.begin(), answer->running.end());
      cluster_.witness.say(fmt::format("cancelled {}", asked.id->text()));
    });
  });
  at(cluster_.loop.elapsed() + kPatience / 5, again);
}

void Workload::run_by_hand(Asked& asked, int tries) {
  if (asked.by_hand || tries > kTriesMax) return;
  const auto [node, loop] = some_scheduler();
  const auto again = [this, &asked, tries] { run_by_hand(asked, tries + 1); };
  if (node == nullptr || !asked.id) {
    later(again);
    return;
  }
  loop->post([this, &asked, scheduler = node] {
    ports::TriggerRequest::Item item{.id = *asked.id, .again = {}, .params = {}, .request_id = "by-hand-" + std::string(asked.id->text())};
    scheduler->trigger(std::move(item), [this, &asked](Result<FiringId> answer) {
      if (!answer) return;
      if (asked.by_hand && *asked.by_hand != *answer) cluster_.witness.violation("I14", "one trigger, two firings: " + answer->text());
      asked.by_hand = *answer;
    });
  });
  at(cluster_.loop.elapsed() + kPatience, again);
}

}  // namespace meepo::test
