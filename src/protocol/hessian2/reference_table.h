#pragma once
// The numbers of lists, maps and objects that have been written. Every container is looked up here, and a general table took most of the
// time of writing it (bench/hessian2_bench.cc). Containers of a stream that was read, and of a document that was made from the outside in,
// come with rising addresses: one above all others is new without a search. Where they come in another order, a hash table of pointers
// with open addressing is made.

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace meepo::hessian2 {

class ReferenceTable {
 public:
  static constexpr std::int32_t kIsNew = -1;

  /// The number of `identity`; kIsNew if it had none: then it has the next one, counted from 0.
  std::int32_t add(const void* identity) {
    if (std::less<>()(highest_, identity)) {
      highest_ = identity;
    } else if (const auto number = find(identity); number != kIsNew) {
      return number;
    }
    numbered_.push_back(identity);
    if (!slots_.empty()) index(numbered_.size() - 1);
    return kIsNew;
  }

  [[nodiscard]] std::size_t size() const { return numbered_.size(); }

 private:
  struct Slot {
    const void* identity = nullptr;
    std::int32_t number = kIsNew;
  };

  static constexpr std::size_t kFirstSlots = 64;

  std::int32_t find(const void* identity) {
    if (slots_.empty()) {
      const auto* place = numbered_.data();
      for (auto left = numbered_.size(); left > 1;) {
        const auto half = left / 2;
        place = std::less<>()(identity, place[half]) ? place : place + half;
        left -= half;
      }
      if (*place == identity) return static_cast<std::int32_t>(place - numbered_.data());
      index_all(std::max(kFirstSlots, 4 * std::bit_ceil(numbered_.size())));
    }
    return slot_of(identity).number;
  }

  /// The slot that holds `identity`, or the free one where it belongs.
  Slot& slot_of(const void* identity) {
    // Fibonacci hashing: the low bits of pointers are alike.
    const auto hash = reinterpret_cast<std::uintptr_t>(identity) * 0x9E3779B97F4A7C15ULL;
    for (auto at = hash >> 32U;; ++at) {
      auto& slot = slots_[at & (slots_.size() - 1)];
      if (slot.identity == identity || slot.identity == nullptr) return slot;
    }
  }

  void index(std::size_t number) {
    if (2 * numbered_.size() > slots_.size()) return index_all(4 * slots_.size());
    slot_of(numbered_[number]) = {.identity = numbered_[number], .number = static_cast<std::int32_t>(number)};
  }

  void index_all(std::size_t slots) {
    slots_.assign(slots, {});
    for (std::size_t number = 0; number < numbered_.size(); ++number) index(number);
  }

  boost::container::small_vector<const void*, 32> numbered_;
  const void* highest_ = nullptr;
  std::vector<Slot> slots_;  // of all of numbered_, as soon as that is not in order: a power of two, at most half of them taken
};

}  // namespace meepo::hessian2
