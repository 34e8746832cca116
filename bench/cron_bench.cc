// next() of the cron library on one thread: each expression of a file (default: bench/cron_expressions.txt, whose first 40 are common ones)
// from 1,000 starts. One JSON object a line. The rates are of the median round and of the best one: compare them to see the noise.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "schedule/cron/expression.h"

namespace {

using meepo::SysTime;
using meepo::cron::Dst;
using meepo::cron::Expression;
using meepo::cron::Zone;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kStarts = 1'000;
constexpr std::size_t kCommon = 40;
constexpr int kRounds = 25;

std::int64_t sink = 0;  // what is added up here cannot be optimised away

struct Workload {
  const char* name;
  std::size_t expressions;
  const Zone* zone;
  Dst dst;
};

std::vector<Expression> read_expressions(const char* path) {
  std::ifstream file(path);
  std::vector<Expression> expressions;
  for (std::string line; std::getline(file, line);) {
    auto expression = Expression::parse(line);
    if (!expression) {
      fmt::print(stderr, "{}\n", expression.error().message);
      return {};
    }
    expressions.push_back(std::move(*expression));
  }
  return expressions;
}

/// Spread over the years 2020 to 2035.
std::vector<SysTime> random_starts() {
  std::mt19937_64 random(1);
  std::vector<SysTime> starts;
  for (std::size_t i = 0; i < kStarts; ++i)
    starts.emplace_back(std::chrono::milliseconds(1'577'836'800'000 + static_cast<std::int64_t>(random() % 504'921'600'000)));
  return starts;
}

double round_seconds(const std::vector<Expression>& expressions, const std::vector<SysTime>& starts, const Workload& workload) {
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < workload.expressions; ++i) {
    for (const auto start : starts) {
      const auto next = expressions[i].next(start, *workload.zone, workload.dst);
      sink += next ? meepo::to_unix_ms(*next) : 0;
    }
  }
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void measure_rate(const std::vector<Expression>& expressions, const std::vector<SysTime>& starts, const Workload& workload) {
  std::vector<double> rounds;
  for (int i = 0; i < kRounds; ++i) rounds.push_back(round_seconds(expressions, starts, workload));
  std::ranges::sort(rounds);
  const auto calls = static_cast<double>(workload.expressions * starts.size());
  fmt::print("{{\"name\":\"{}\",\"expressions\":{},\"starts\":{},\"next_per_second\":{:.0f},\"best_next_per_second\":{:.0f}}}\n",
             workload.name, workload.expressions, starts.size(), calls / rounds[rounds.size() / 2], calls / rounds.front());
}

/// The slowest start; of each start the fastest of several calls, so that what the machine does between is not counted.
void measure_worst(const char* text, const std::vector<SysTime>& starts, const Zone& zone) {
  const auto expression = Expression::parse(text).value();
  std::int64_t worst = 0;
  for (const auto start : starts) {
    std::int64_t best = INT64_MAX;
    for (int i = 0; i < 20; ++i) {
      const auto begin = Clock::now();
      const auto next = expression.next(start, zone, Dst::Spring);
      best = std::min(best, std::chrono::nanoseconds(Clock::now() - begin).count());
      sink += next ? 1 : 0;
    }
    worst = std::max(worst, best);
  }
  fmt::print("{{\"name\":\"cron_worst\",\"expression\":\"{}\",\"zone\":\"{}\",\"worst_ns\":{}}}\n", text, zone.name(), worst);
}

}  // namespace

int main(int argc, char** argv) {
  const auto expressions = read_expressions(argc > 1 ? argv[1] : MEEPO_CRON_EXPRESSIONS);
  const auto zone = Zone::find("America/New_York");
  if (expressions.size() < kCommon || !zone) {
    fmt::print(stderr, "usage: meepo_cron_bench [FILE]: a file of {} expressions or more, a line each; tzdata must be installed\n",
               kCommon);
    return 2;
  }
  const auto starts = random_starts();
  const auto all = expressions.size();
  for (const Workload& workload :
       {Workload{"cron_common_utc", kCommon, &Zone::utc(), Dst::Spring}, Workload{"cron_all_utc", all, &Zone::utc(), Dst::Spring},
        Workload{"cron_common_new_york", kCommon, &*zone, Dst::Spring}, Workload{"cron_all_new_york", all, &*zone, Dst::Spring},
        Workload{"cron_all_new_york_once", all, &*zone, Dst::Once}}) {
    measure_rate(expressions, starts, workload);
  }
  auto hard_starts = starts;  // around the century without a leap day, from which 29 February is eight years away
  for (std::size_t i = 0; i < hard_starts.size(); i += 2) hard_starts[i] += std::chrono::years(65);
  for (const char* text : {"0 0 0 29 2 ?", "0 0 0 30 2 ?", "0 0 0 29 2 MON", "0 0 0 31W * ?", "0 0 0 13 * FRI", "0 30 2 8-14 3 SUN"}) {
    measure_worst(text, hard_starts, Zone::utc());
    measure_worst(text, hard_starts, *zone);
  }
  return sink == 0 ? 1 : 0;
}
