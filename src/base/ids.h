#pragma once
// The names of things: task, tick, firing, run token, fence, shard. All are plain values, compare as bytes and never
// change once given (design rule R3: a firing id depends on task and tick only).

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace meepo {

/// One of the fixed parts of all tasks, 0 … kShardCount − 1.
using Shard = std::uint8_t;
inline constexpr int kShardCount = 64;

/// 19 characters of base 32 (digits and lower-case letters without i, l, o, u): 6 bits of shard, 44 bits of creation time in
/// Unix milliseconds, 45 random bits, high bits first. Safe in URLs, topics and znodes; sorts by time within a shard.
class TaskId {
 public:
  static constexpr std::size_t kLength = 19;

  TaskId() { text_.fill('0'); }
  /// `random`: its low 45 bits are used. Creation times before 1970 or beyond the year 2527 are clamped.
  static TaskId make(Shard shard, SysTime created, std::uint64_t random);
  /// InvalidArgument unless `text` is exactly what make() could have written.
  static Result<TaskId> parse(std::string_view text);

  std::string_view text() const { return {text_.data(), text_.size()}; }
  Shard shard() const;
  SysTime created() const;

  friend auto operator<=>(const TaskId&, const TaskId&) = default;

 private:
  std::array<char, kLength> text_;
};

/// One due instant of a task: "0" (REAL) · "r<index>" (LADDER) · "<due Unix ms>" (TIMING, PLAN) · "m<seq>" (a run by hand) ·
/// "<old tick>+<n>" (the n-th re-run or backfill of an old tick).
class Tick {
 public:
  Tick() : text_("0") {}
  static Tick real() { return Tick(); }
  static Tick rung(std::uint32_t index) { return Tick("r" + std::to_string(index)); }
  static Tick at(SysTime due) { return Tick(std::to_string(to_unix_ms(due))); }
  static Tick by_hand(std::uint64_t sequence) { return Tick("m" + std::to_string(sequence)); }
  /// InvalidArgument unless `text` has one of the five forms; numbers have no leading zeros.
  static Result<Tick> parse(std::string_view text);

  const std::string& text() const { return text_; }
  bool is_real() const { return text_ == "0"; }
  bool is_by_hand() const { return text_.front() == 'm'; }
  /// The rung's index of "r<index>"; nothing for other forms.
  std::optional<std::uint32_t> rung_index() const;
  /// The instant that "<due Unix ms>" and its re-runs name, without jitter; nothing for other forms.
  std::optional<SysTime> instant() const;
  /// "<tick>+<n>".
  Tick again(std::uint32_t n) const { return Tick(text_ + "+" + std::to_string(n)); }
  bool is_again() const { return text_.find('+') != std::string::npos; }

  friend auto operator<=>(const Tick&, const Tick&) = default;

 private:
  explicit Tick(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// Which firing: task and tick. Its text, "taskId@tick", is the idempotency key that targets receive.
struct FiringId {
  TaskId task;
  Tick tick;

  std::string text() const;
  static Result<FiringId> parse(std::string_view text);

  friend auto operator<=>(const FiringId&, const FiringId&) = default;
};

/// Proof of one attempt: 128 random bits, 32 lower-case hex digits on the wire. Executor verbs carry it.
struct RunToken {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  std::string text() const;
  static Result<RunToken> parse(std::string_view text);
  bool empty() const { return high == 0 && low == 0; }

  friend auto operator<=>(const RunToken&, const RunToken&) = default;
};

/// Token of a shard's ownership: 32 lower-case hex digits, generation (16) then owner (16), compared as bytes.
class Fence {
 public:
  Fence() { text_.fill('0'); }
  static Fence make(std::uint64_t generation, std::uint64_t owner);
  static Result<Fence> parse(std::string_view text);
  std::string_view text() const { return {text_.data(), text_.size()}; }

  friend auto operator<=>(const Fence&, const Fence&) = default;

 private:
  std::array<char, 32> text_;
};

/// The shard of a key that must always land in the same one: a unique key of an application.
Shard shard_of_key(std::string_view app_id, std::string_view key);

/// The same for a request id, of which only what stands between its first braces counts, if it has such a part: a client that
/// creates many tasks at once keeps them in one shard with it, where they are written together.
Shard shard_of_request(std::string_view app_id, std::string_view request_id);

/// The id of the task that `parent`'s success creates: same shard, always the same id for the same firing (exactly once).
/// `due`: the firing's due instant, which becomes the id's creation time.
TaskId chained_task_id(const FiringId& parent, SysTime due);

}  // namespace meepo

template <>
struct std::hash<meepo::TaskId> {
  std::size_t operator()(const meepo::TaskId& id) const noexcept { return std::hash<std::string_view>()(id.text()); }
};
template <>
struct std::hash<meepo::FiringId> {
  std::size_t operator()(const meepo::FiringId& id) const noexcept {
    return std::hash<std::string_view>()(id.task.text()) * 31 + std::hash<std::string>()(id.tick.text());
  }
};
template <>
struct std::hash<meepo::RunToken> {
  std::size_t operator()(const meepo::RunToken& token) const noexcept { return token.high ^ (token.low * 31); }
};
