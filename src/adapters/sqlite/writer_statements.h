#pragma once
// The prepared statements of Writer, beside those of its Tables.

#include "adapters/sqlite/writer.h"

namespace meepo::adapters::sqlite {

struct Writer::Statements {
  explicit Statements(Connection& c)
      : request_id(c, "SELECT task, tick, hash, created FROM request_id WHERE shard = ?1 AND app_id = ?2 AND request_id = ?3"),
        save_request_id(c, "REPLACE INTO request_id VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
        unique_key(c, "SELECT task FROM unique_key WHERE shard = ?1 AND app_id = ?2 AND unique_key = ?3"),
        save_unique_key(c, "REPLACE INTO unique_key VALUES (?1, ?2, ?3, ?4)"),
        waiting(c, "SELECT " MEEPO_ROW_COLUMNS " FROM firing WHERE place = ?1 AND target = ?2 ORDER BY place, score, task, tick LIMIT ?3"),
        next_place(c, "SELECT place FROM firing WHERE place > ?1 AND place <= ?2 ORDER BY place LIMIT 1"),
        at_place(c, "SELECT " MEEPO_ROW_COLUMNS " FROM firing WHERE place >= ?1 AND place <= ?2"),
        waiting_target(c, "SELECT target FROM firing WHERE place = ?1 LIMIT 1"),
        waiting_targets(c, "SELECT DISTINCT target FROM firing WHERE place = ?1"),
        last_name(c, "SELECT max(id) FROM name"),
        open(c, "SELECT " MEEPO_ROW_COLUMNS
                " FROM firing WHERE place = ?1 AND score <= ?2 AND (score, task, tick) > (?3, ?4, ?5)"
                " ORDER BY score, task, tick LIMIT ?6"),
        open_waiting(c, "SELECT " MEEPO_ROW_COLUMNS
                        " FROM firing WHERE place >= ?1 AND place <= ?2 AND score <= ?3 AND (score, task, tick) > (?4, ?5, ?6)"
                        " ORDER BY score, task, tick LIMIT ?7"),
        changes(c, "SELECT sequence, task, tick FROM change WHERE shard = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3"),
        prune_changes(c, "DELETE FROM change WHERE shard = ?1 AND sequence <= ?2"),
        ticks(c, "SELECT tick FROM firing WHERE task = ?1"),
        rows(c, "SELECT " MEEPO_ROW_COLUMNS " FROM firing WHERE task = ?1"),
        ended(c,
              "SELECT task, tick FROM firing WHERE place = ?1 AND score < ?2 AND (score, task, tick) > (?3, ?4, ?5)"
              " ORDER BY score, task, tick LIMIT ?6"),
        count_ended(c, "SELECT count(*) FROM firing WHERE place = ?1"),
        old_rows(c, "SELECT tick FROM firing WHERE task = ?1 AND sequence <= ?2 AND ended_at IS NOT NULL AND flags IS NOT NULL LIMIT ?3"),
        remove_old_ranges(c, "DELETE FROM tick_range WHERE task = ?1 AND sequence <= ?2"),
        remove_attempts(c, "DELETE FROM attempt WHERE task = ?1"),
        remove_attempts_of(c, "DELETE FROM attempt WHERE task = ?1 AND tick = ?2"),
        remove_ranges(c, "DELETE FROM tick_range WHERE task = ?1"),
        remove_records(c, "DELETE FROM record WHERE task = ?1"),
        remove_unique_key(c, "DELETE FROM unique_key WHERE shard = ?1 AND app_id = ?2 AND unique_key = ?3 AND task = ?4"),
        old_ranges(c, "SELECT task, sequence FROM tick_range WHERE shard = ?1 AND at < ?2 LIMIT ?3"),
        remove_range(c, "DELETE FROM tick_range WHERE task = ?1 AND sequence = ?2"),
        sweep_request_ids(c,
                          "SELECT app_id, request_id, created FROM request_id WHERE shard = ?1 AND (app_id, request_id) > (?2, ?3)"
                          " ORDER BY app_id, request_id LIMIT ?4"),
        remove_request_id(c, "DELETE FROM request_id WHERE shard = ?1 AND app_id = ?2 AND request_id = ?3") {}

  Statement request_id, save_request_id, unique_key, save_unique_key;
  Statement waiting, next_place, at_place, waiting_target, waiting_targets, last_name, open, open_waiting;
  Statement changes, prune_changes;
  Statement ticks, rows, ended, count_ended, old_rows, remove_old_ranges, remove_attempts, remove_attempts_of, remove_ranges,
      remove_records, remove_unique_key;
  Statement old_ranges, remove_range, sweep_request_ids, remove_request_id;
};

}  // namespace meepo::adapters::sqlite
