#include "task/ticks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace meepo {
namespace {

using std::chrono::seconds;

std::string_view without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::unexpected<Error> bad_rung(std::size_t index, std::string_view text, std::string_view expected) {
  return fail(Code::InvalidArgument, fmt::format("define: rung {} is {}: expected {}", index + 1, quoted(text), expected), "define");
}

Result<seconds> parse_rung(std::size_t index, std::string_view text) {
  constexpr seconds kLongest = limits::kLadderSpanMax;
  const std::string_view digits = without_blanks(text);
  const bool number = !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
  if (!number) return bad_rung(index, text, "whole seconds after creation, such as 0,1,3,5,10");
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || value > kLongest.count()) {
    return bad_rung(index, text, fmt::format("at most {} seconds ({} days)", kLongest.count(), limits::kLadderSpanMax.count()));
  }
  return seconds(value);
}

struct Rung {
  seconds offset{0};
  std::uint32_t index = 0;
  friend auto operator<=>(const Rung&, const Rung&) = default;
};

/// In due order; equal offsets in written order. Empty if the define is none (an unchecked task).
std::vector<Rung> rungs_of(const Task& task) {
  const auto offsets = parse_ladder(task.spec.define);
  std::vector<Rung> rungs;
  if (!offsets) return rungs;
  rungs.reserve(offsets->size());
  for (const seconds offset : *offsets) rungs.push_back({.offset = offset, .index = static_cast<std::uint32_t>(rungs.size())});
  std::ranges::sort(rungs);
  return rungs;
}

std::vector<Rung>::const_iterator find_rung(const std::vector<Rung>& rungs, const Tick& tick) {
  const auto index = tick.rung_index();
  return index ? std::ranges::find(rungs, *index, &Rung::index) : rungs.end();
}

DueTick due_tick(const Task& task, const Rung& rung) { return {.tick = Tick::rung(rung.index), .due = task.created + rung.offset}; }

}  // namespace

Result<std::vector<seconds>> parse_ladder(std::string_view define) {
  const auto count = static_cast<std::size_t>(std::ranges::count(define, ',')) + 1;
  if (without_blanks(define).empty()) {
    return fail(Code::InvalidArgument,
                fmt::format("define is {}: expected whole seconds after creation, such as 0,1,3,5,10", quoted(define)), "define");
  }
  if (count > limits::kLadderRungsMax) {
    return fail(Code::InvalidArgument,
                fmt::format("define is {} with {} rungs: expected at most {}", quoted(define), count, limits::kLadderRungsMax), "define");
  }
  std::vector<seconds> offsets;
  offsets.reserve(count);
  for (std::string_view rest = define;;) {
    const auto comma = rest.find(',');
    auto offset = parse_rung(offsets.size(), rest.substr(0, comma));
    if (!offset) return fail(std::move(offset.error()));
    offsets.push_back(*offset);
    if (comma == std::string_view::npos) return offsets;
    rest.remove_prefix(comma + 1);
  }
}

DueTick first_tick(const Task& task) {
  if (task.spec.kind == Kind::Ladder) {
    if (const auto rungs = rungs_of(task); !rungs.empty()) return due_tick(task, rungs.front());
  }
  return {.tick = Tick::real(), .due = task.created};
}

std::optional<DueTick> next_tick(const Task& task, const Tick& tick) {
  if (task.spec.kind != Kind::Ladder) return std::nullopt;
  const auto rungs = rungs_of(task);
  const auto place = find_rung(rungs, tick);
  if (place == rungs.end() || place + 1 == rungs.end()) return std::nullopt;
  return due_tick(task, *(place + 1));
}

std::optional<SysTime> rung_due(const Task& task, const Tick& tick) {
  const auto rungs = rungs_of(task);
  const auto place = find_rung(rungs, tick);
  if (place == rungs.end()) return std::nullopt;
  return due_tick(task, *place).due;
}

std::optional<TickRange> ticks_from(const Task& task, const Tick& from) {
  if (task.spec.kind == Kind::Real && from.is_real()) return TickRange{.first = from, .last = from, .count = 1};
  if (task.spec.kind != Kind::Ladder) return std::nullopt;
  const auto rungs = rungs_of(task);
  const auto place = find_rung(rungs, from);
  if (place == rungs.end()) return std::nullopt;
  return TickRange{.first = from, .last = Tick::rung(rungs.back().index), .count = static_cast<std::uint64_t>(rungs.end() - place)};
}

}  // namespace meepo
