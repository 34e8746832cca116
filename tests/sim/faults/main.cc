// meepo_fault_simulation: fault runs by name. Exit 0 only if every seed passed (with --bug: if one did not).

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/planted_bug.h"
#include "sim/faults/fault_run.h"
#include "sim/faults/planted.h"

namespace {

using meepo::test::FaultReport;

constexpr std::string_view kUsage =
    "Usage: meepo_fault_simulation [--from N] [--seeds N] [--bug NAME] [--trace [WORD]]\n"
    "  Plays N seeds (default 1) from N on (default 1). --trace prints every event of the run; with WORD only lines that hold it\n"
    "  (a task id, a firing id, FAULT). --bug switches a planted bug on and stops at the seed that finds it.\n"
    "  Example: meepo_fault_simulation --from 17 --trace\n";

struct Arguments {
  std::uint64_t from = 1;
  std::uint64_t seeds = 1;
  bool trace = false;
  std::string word;
  std::string bug;
};

bool number(const char* text, std::uint64_t& out) {
  const auto end = text + std::strlen(text);
  return std::from_chars(text, end, out).ptr == end && out > 0;
}

bool parse(int count, char** words, Arguments& out) {
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const bool has_value = i + 1 < count && words[i + 1][0] != '-';
    if (word == "--from" && has_value) {
      if (!number(words[++i], out.from)) return false;
    } else if (word == "--seeds" && has_value) {
      if (!number(words[++i], out.seeds)) return false;
    } else if (word == "--bug" && has_value) {
      out.bug = words[++i];
    } else if (word == "--trace") {
      out.trace = true;
      if (has_value) out.word = words[++i];
    } else {
      return false;
    }
  }
  return true;
}

void print(const FaultReport& report) {
  fmt::print("seed {}: {}\n", report.seed,
             report.passed()             ? "passed"
             : report.violations.empty() ? "INVALID: " + report.invalid
                                         : "FAILED");
  for (const auto& violation : report.violations) fmt::print("  {}\n", violation);
  if (!report.passed()) fmt::print("  step by step: meepo_fault_simulation --from {} --trace\n", report.seed);
}

}  // namespace

int main(int count, char** words) {
  Arguments arguments;
  if (!parse(count, words, arguments)) {
    std::fputs(kUsage.data(), stderr);
    return 2;
  }
  meepo::log::setup(meepo::log::Level::Off, meepo::log::Format::Text);
  if (!arguments.bug.empty() && !meepo::test::plant(arguments.bug)) {
    fmt::print(stderr, "no planted bug '{}' in this build: expected one of {}\n", arguments.bug, meepo::test::planted_names());
    return 2;
  }
  std::uint64_t failed = 0;
  std::size_t calls = 0;
  std::size_t requests = 0;
  std::map<std::string, std::size_t> faults;
  const auto started = std::chrono::steady_clock::now();
  for (std::uint64_t seed = arguments.from; seed < arguments.from + arguments.seeds; ++seed) {
    std::function<void(const std::string&)> trace;
    if (arguments.trace) {
      trace = [&](const std::string& line) {
        if (line.find(arguments.word) != std::string::npos) fmt::print("{}\n", line);
      };
    }
    const FaultReport report = meepo::test::run_with_faults(seed, std::move(trace));
    calls += report.calls;
    requests += report.requests;
    for (const auto& [name, hits] : report.faults) faults[name] += hits;
    if (!report.passed()) {
      ++failed;
      print(report);
    }
    if (failed > 0 && !arguments.bug.empty()) return 0;
    std::fflush(stdout);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  for (const auto& [name, hits] : faults) fmt::print("{:>8} {}\n", hits, name);
  fmt::print("{} seeds, {} failed, {} calls, {} store requests, {:.3f} s a seed\n", arguments.seeds, failed, calls, requests,
             took.count() / static_cast<double>(arguments.seeds));
  return failed == 0 && arguments.bug.empty() ? 0 : 1;
}
