#pragma once
// The timing wheel: what becomes due within the next 30 s. One level, a slot a millisecond, a bitmap of the slots in use, so that the
// next wake-up is computed and nothing ticks idly. A cache of the store's DUE set: what does not fit stays in the store.
// Pure and not thread-safe: it lives on its loop's thread. Adding costs a constant (a due in the past: a logarithm); memory is about
// 0.25 MB and 16 bytes an entry.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/limits.h"
#include "base/time.h"

namespace meepo::engine {

class TimingWheel {
 public:
  struct Entry {
    SysTime due;
    std::uint64_t handle = 0;  ///< the owner's; the wheel only keeps it
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  /// The window begins at `start`. `horizon` ≥ 1 ms.
  explicit TimingWheel(SysTime start, milliseconds horizon = limits::kWheelHorizon);

  /// False, and nothing is kept, if `due` is at or after horizon_end(). A due in the past is handed out by the next advance. The same
  /// pair may be added more than once and is then handed out as often.
  bool add(SysTime due, std::uint64_t handle);

  /// Takes out the pair that was added first; false if there is none. Costs as much as there are entries with this due.
  bool remove(SysTime due, std::uint64_t handle);

  /// Appends to `due` all entries with due ≤ now, by due, then in the order they were added, and begins the window at `now`.
  /// The window never goes back: with an earlier `now` than before only what is due by then is handed out, and the rest waits until
  /// time has caught up. A long idle time costs one scan of the bitmap (469 words for 30 s).
  void advance(SysTime now, std::vector<Entry>& due);

  /// The earliest due, perhaps in the past; nothing if the wheel is empty.
  std::optional<SysTime> next_due() const;
  std::size_t size() const { return size_; }
  SysTime horizon_end() const { return start_ + milliseconds(slots_.size()); }

 private:
  /// Entries of one slot: a list through nodes_, in the order they were added.
  struct Slot {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
  };
  struct Node {
    std::uint64_t handle = 0;
    std::uint32_t next = kNone;
  };
  static constexpr std::uint32_t kNone = 0xffffffff;

  std::size_t slot_of(SysTime due) const;
  SysTime due_of(std::size_t slot) const;
  /// The occupied slot with the earliest due.
  std::optional<std::size_t> first_occupied() const;
  std::optional<std::size_t> find_occupied(std::size_t from, std::size_t to) const;
  void set_occupied(std::size_t slot, bool occupied);
  std::uint32_t new_node(std::uint64_t handle);
  void free_node(std::uint32_t node);
  void take_slot(std::size_t slot, std::vector<Entry>& due);

  SysTime start_;
  std::vector<Slot> slots_;  ///< a ring: slot = due in ms modulo its size
  std::vector<std::uint64_t> occupied_;
  std::vector<Node> nodes_;
  std::uint32_t free_ = kNone;  ///< a list through nodes_
  std::multimap<SysTime, std::uint64_t> past_;  ///< added with a due before the window
  std::size_t size_ = 0;
};

}  // namespace meepo::engine
