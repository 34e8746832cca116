#include "adapters/sqlite/row_cache.h"

#include <functional>
#include <iterator>

namespace meepo::adapters::sqlite {
namespace {

bool worth_keeping(const Row& row) {
  const bool goes_on = row.has_task ? !row.facts.ended() : row.open();
  if (!goes_on) return false;
  const auto& firing = row.firing;
  std::size_t bytes = firing.error.size();
  if (firing.params) bytes += firing.params->data.size();
  if (firing.result) bytes += firing.result->data.size();
  return bytes <= RowCache::kBytesOfRowMax;
}

}  // namespace

std::size_t RowCache::KeyHash::operator()(const Key& key) const {
  constexpr std::size_t kOdd = 0x9e3779b97f4a7c15;
  const std::hash<std::string_view> hash;
  return hash(view(key.task)) * kOdd + hash(key.tick);
}

const Row* RowCache::find(const TaskId& task, std::string_view tick) {
  const auto found = places_.find({.task = pack(task), .tick = tick});
  if (found == places_.end()) return nullptr;
  rows_.splice(rows_.begin(), rows_, found->second);
  return &*found->second;
}

void RowCache::put(const Row& row) {
  if (!worth_keeping(row)) return erase(row.task, row.tick);
  const auto found = places_.find(key_of(row));
  if (found != places_.end()) {
    const auto place = found->second;
    rows_.splice(rows_.begin(), rows_, place);
    // The key points at the text of the tick, which assigning the same text leaves where it is.
    *place = row;
    return;
  }
  if (rows_.size() >= rows_max_) return reuse_last(row);
  rows_.push_front(row);
  places_.emplace(key_of(rows_.front()), rows_.begin());
}

/// The row that was not used for the longest time gives its memory.
void RowCache::reuse_last(const Row& row) {
  const auto last = std::prev(rows_.end());
  auto node = places_.extract(key_of(*last));
  rows_.splice(rows_.begin(), rows_, last);
  *last = row;
  node.key() = key_of(*last);
  places_.insert(std::move(node));
}

void RowCache::erase(const TaskId& task, std::string_view tick) {
  const auto found = places_.find({.task = pack(task), .tick = tick});
  if (found == places_.end()) return;
  const auto place = found->second;
  places_.erase(found);
  rows_.erase(place);
}

void RowCache::clear() {
  places_.clear();
  rows_.clear();
}

}  // namespace meepo::adapters::sqlite
