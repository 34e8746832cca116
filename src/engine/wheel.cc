#include "engine/wheel.h"

#include <algorithm>
#include <bit>

namespace meepo::engine {
namespace {
constexpr std::size_t kWordBits = 64;
}  // namespace

TimingWheel::TimingWheel(SysTime start, milliseconds horizon)
    : start_(start),
      slots_(static_cast<std::size_t>(std::max<std::int64_t>(horizon.count(), 1))),
      occupied_((slots_.size() + kWordBits - 1) / kWordBits) {}

bool TimingWheel::add(SysTime due, std::uint64_t handle) {
  if (due >= horizon_end()) return false;
  ++size_;
  if (due < start_) {
    past_.emplace(due, handle);
    return true;
  }
  const std::size_t place = slot_of(due);
  const std::uint32_t node = new_node(handle);
  Slot& slot = slots_[place];
  if (slot.first == kNone) {
    slot.first = node;
    set_occupied(place, true);
  } else {
    nodes_[slot.last].next = node;
  }
  slot.last = node;
  return true;
}

bool TimingWheel::remove(SysTime due, std::uint64_t handle) {
  if (due >= horizon_end()) return false;
  if (due < start_) {
    const auto [first, last] = past_.equal_range(due);
    const auto found = std::find_if(first, last, [handle](const auto& entry) { return entry.second == handle; });
    if (found == last) return false;
    past_.erase(found);
    --size_;
    return true;
  }
  const std::size_t place = slot_of(due);
  Slot& slot = slots_[place];
  std::uint32_t before = kNone;
  std::uint32_t node = slot.first;
  while (node != kNone && nodes_[node].handle != handle) {
    before = node;
    node = nodes_[node].next;
  }
  if (node == kNone) return false;
  (before == kNone ? slot.first : nodes_[before].next) = nodes_[node].next;
  if (slot.last == node) slot.last = before;
  if (slot.first == kNone) set_occupied(place, false);
  free_node(node);
  --size_;
  return true;
}

void TimingWheel::advance(SysTime now, std::vector<Entry>& due) {
  while (!past_.empty() && past_.begin()->first <= now) {
    due.push_back({.due = past_.begin()->first, .handle = past_.begin()->second});
    past_.erase(past_.begin());
    --size_;
  }
  if (now < start_) return;
  for (auto slot = first_occupied(); slot && due_of(*slot) <= now; slot = first_occupied()) {
    start_ = due_of(*slot);  // so that the next search goes on from here
    take_slot(*slot, due);
  }
  start_ = now;
}

std::optional<SysTime> TimingWheel::next_due() const {
  if (!past_.empty()) return past_.begin()->first;
  const auto slot = first_occupied();
  return slot ? std::optional(due_of(*slot)) : std::nullopt;
}

std::size_t TimingWheel::slot_of(SysTime due) const {
  const auto ring = static_cast<std::int64_t>(slots_.size());
  const std::int64_t rest = to_unix_ms(due) % ring;
  return static_cast<std::size_t>(rest < 0 ? rest + ring : rest);
}

SysTime TimingWheel::due_of(std::size_t slot) const {
  const std::size_t first = slot_of(start_);
  return start_ + milliseconds(slot >= first ? slot - first : slot + slots_.size() - first);
}

std::optional<std::size_t> TimingWheel::first_occupied() const {
  if (size_ == past_.size()) return std::nullopt;
  const std::size_t first = slot_of(start_);
  const auto found = find_occupied(first, slots_.size());
  return found ? found : find_occupied(0, first);
}

std::optional<std::size_t> TimingWheel::find_occupied(std::size_t from, std::size_t to) const {
  for (std::size_t word = from / kWordBits; word * kWordBits < to; ++word) {
    std::uint64_t bits = occupied_[word];
    if (word == from / kWordBits) bits &= ~std::uint64_t{0} << (from % kWordBits);
    if (bits == 0) continue;
    const std::size_t slot = word * kWordBits + static_cast<std::size_t>(std::countr_zero(bits));
    return slot < to ? std::optional(slot) : std::nullopt;
  }
  return std::nullopt;
}

void TimingWheel::set_occupied(std::size_t slot, bool occupied) {
  const std::uint64_t bit = std::uint64_t{1} << (slot % kWordBits);
  std::uint64_t& word = occupied_[slot / kWordBits];
  word = occupied ? word | bit : word & ~bit;
}

std::uint32_t TimingWheel::new_node(std::uint64_t handle) {
  if (free_ == kNone) {
    nodes_.push_back({.handle = handle, .next = kNone});
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }
  const std::uint32_t node = free_;
  free_ = nodes_[node].next;
  nodes_[node] = {.handle = handle, .next = kNone};
  return node;
}

void TimingWheel::free_node(std::uint32_t node) {
  nodes_[node].next = free_;
  free_ = node;
}

void TimingWheel::take_slot(std::size_t slot, std::vector<Entry>& due) {
  const SysTime instant = due_of(slot);
  for (std::uint32_t node = slots_[slot].first; node != kNone;) {
    const std::uint32_t next = nodes_[node].next;
    due.push_back({.due = instant, .handle = nodes_[node].handle});
    free_node(node);
    --size_;
    node = next;
  }
  slots_[slot] = {};
  set_occupied(slot, false);
}

}  // namespace meepo::engine
