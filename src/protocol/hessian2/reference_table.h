#pragma once
// The numbers of lists, maps and objects that have been written: a hash table of pointers with open addressing, of which a small message
// takes no memory. Every container is looked up here, and a general table took most of the time of writing it (bench/hessian2_bench.cc).

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace meepo::hessian2 {

class ReferenceTable {
 public:
  ReferenceTable() = default;
  ReferenceTable(const ReferenceTable&) = delete;
  ReferenceTable& operator=(const ReferenceTable&) = delete;

  static constexpr std::int32_t kIsNew = -1;

  /// The number of `identity`; kIsNew if it had none: then it has the next one, counted from 0.
  std::int32_t add(const void* identity) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    auto& slot = find(identity);
    if (slot.identity != nullptr) return slot.number;
    slot = {.identity = identity, .number = static_cast<std::int32_t>(count_++)};
    return kIsNew;
  }

  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  struct Slot {
    const void* identity = nullptr;
    std::int32_t number = 0;
  };

  static constexpr std::size_t kFirstSlots = 32;

  /// The slot that holds `identity`, or the free one where it belongs.
  Slot& find(const void* identity) {
    // Fibonacci hashing: the low bits of pointers are alike.
    const auto hash = reinterpret_cast<std::uintptr_t>(identity) * 0x9E3779B97F4A7C15ULL;
    for (auto at = hash >> 32U;; ++at) {
      auto& slot = slots_[at & (slots_.size() - 1)];
      if (slot.identity == identity || slot.identity == nullptr) return slot;
    }
  }

  void grow() {
    std::vector<Slot> larger(4 * slots_.size());
    const auto old = slots_;
    slots_ = larger;
    for (const auto& slot : old) {
      if (slot.identity != nullptr) find(slot.identity) = slot;
    }
    grown_.swap(larger);
  }

  std::size_t count_ = 0;
  std::array<Slot, kFirstSlots> first_{};
  std::vector<Slot> grown_;
  std::span<Slot> slots_ = first_;  // a power of two, at most half of them taken
};

}  // namespace meepo::hessian2
