#pragma once
// The rows that were written last, as they are stored, so that the next verb on the same firing need not read it: a planned tick is
// armed, claimed and ended within a second or two. The least recently used row gives way. Thread: the connection's.

#include <cstddef>
#include <list>
#include <string_view>
#include <unordered_map>

#include "adapters/sqlite/row.h"

namespace meepo::adapters::sqlite {

class RowCache {
 public:
  static constexpr std::size_t kRowsMax = 32'768;       ///< 21 MiB with 10,000 every-second plans
  static constexpr std::size_t kBytesOfRowMax = 4'096;  ///< of arguments, result and error: a row with more is read again

  explicit RowCache(std::size_t rows_max = kRowsMax) : rows_max_(rows_max) {}

  /// The row, or nullptr. Valid until the next call of another function.
  const Row* find(const TaskId& task, std::string_view tick);
  /// Takes over a row as it was stored, or forgets it where nothing more is expected of it: its firing, or its task, has ended.
  void put(const Row& row);
  void erase(const TaskId& task, std::string_view tick);
  void clear();
  std::size_t size() const { return rows_.size(); }

 private:
  struct Key {
    PackedId task;
    std::string_view tick;  ///< of the row in rows_
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  static Key key_of(const Row& row) { return {.task = pack(row.task), .tick = row.tick}; }
  void reuse_last(const Row& row);

  std::size_t rows_max_;
  std::list<Row> rows_;  // the one used last first
  std::unordered_map<Key, std::list<Row>::iterator, KeyHash> places_;
};

}  // namespace meepo::adapters::sqlite
