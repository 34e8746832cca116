#pragma once
// The prepared statements of Reader, beside those of its Tables.

#include "adapters/sqlite/reader.h"

namespace meepo::adapters::sqlite {

struct Reader::Statements {
  explicit Statements(Connection& c)
      : newest_before(c, "SELECT task FROM firing WHERE task >= ?1 AND task < ?2 ORDER BY task DESC, tick DESC LIMIT 1"),
        open(c, "SELECT " MEEPO_ROW_COLUMNS " FROM firing WHERE task = ?1 AND ended_at IS NULL AND flags IS NOT NULL"),
        firings(c, "SELECT " MEEPO_ROW_COLUMNS
                   " FROM firing WHERE task = ?1 AND sequence < ?2 AND flags IS NOT NULL"
                   " ORDER BY sequence DESC LIMIT ?3"),
        firings_of_tick(c,
                        "SELECT " MEEPO_ROW_COLUMNS
                        " FROM firing WHERE task = ?1 AND (tick = ?2 OR (tick >= ?3 AND tick < ?4)) AND flags IS NOT NULL ORDER BY tick"),
        ranges(c,
               "SELECT sequence, at, first, last, count, fate, reason FROM tick_range WHERE task = ?1 AND sequence < ?2"
               " ORDER BY sequence DESC LIMIT ?3"),
        attempts(c, "SELECT record FROM attempt WHERE task = ?1 AND tick = ?2 ORDER BY number"),
        counts(c, "SELECT shard, counts FROM shard") {}

  Statement newest_before, open, firings, firings_of_tick, ranges, attempts, counts;
};

}  // namespace meepo::adapters::sqlite
