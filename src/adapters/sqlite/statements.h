#pragma once
// The prepared statements of Tables.

#include "adapters/sqlite/tables.h"

namespace meepo::adapters::sqlite {

struct Tables::Statements {
  explicit Statements(Connection& c)
      : row(c, "SELECT " MEEPO_ROW_COLUMNS " FROM firing WHERE task = ?1 AND tick = ?2"),
        task_row(c, "SELECT " MEEPO_ROW_COLUMNS " FROM firing WHERE task = ?1 AND tick <= '0' ORDER BY tick LIMIT 1"),
        open_ticks(c, "SELECT tick FROM firing WHERE task = ?1 AND ended_at IS NULL AND flags IS NOT NULL"),
        insert_row(c, "INSERT OR IGNORE INTO firing VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)"),
        update_row(c,
                   "UPDATE firing SET place=?3, score=?4, due=?5, flags=?6, target=?7, attempt=?8, failures=?9, crashes=?10, token=?11, "
                   "executor=?12, begun_at=?13, ended_at=?14, sequence=?15, more=?16, facts=?17 WHERE task=?1 AND tick=?2"),
        replace_row(c, "REPLACE INTO firing VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)"),
        remove_row(c, "DELETE FROM firing WHERE task = ?1 AND tick = ?2"),
        row_record(c, "SELECT record FROM firing WHERE task = ?1 AND tick = ?2 AND record IS NOT NULL"),
        record(c, "SELECT record FROM record WHERE task = ?1 AND version = ?2"),
        save_record(c, "REPLACE INTO record VALUES (?1, ?2, ?3)"),
        name_id(c, "SELECT id FROM name WHERE text = ?1"),
        name_text(c, "SELECT text FROM name WHERE id = ?1"),
        add_name(c, "INSERT INTO name (text) VALUES (?1)"),
        shards(c, "SELECT shard, fence, change_sequence, counts FROM shard"),
        save_shard(c, "REPLACE INTO shard VALUES (?1, ?2, ?3, ?4)"),
        attempt(c, "SELECT record FROM attempt WHERE task = ?1 AND tick = ?2 AND number = ?3"),
        save_attempt(c, "REPLACE INTO attempt VALUES (?1, ?2, ?3, ?4, ?5)"),
        prune_attempts(c, "DELETE FROM attempt WHERE task = ?1 AND tick = ?2 AND number <= ?3"),
        accepted_attempt(c, "SELECT number FROM attempt WHERE task = ?1 AND tick = ?2 AND token = ?3"),
        add_range(c, "INSERT INTO tick_range VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"),
        range(c, "SELECT count FROM tick_range WHERE task = ?1 AND sequence = ?2 AND fate = ?3 AND reason = ?4"),
        lengthen_range(c, "UPDATE tick_range SET sequence = ?3, at = ?4, last = ?5, count = ?6 WHERE task = ?1 AND sequence = ?2"),
        add_change(c, "INSERT INTO change VALUES (?1, ?2, ?3, ?4)") {}

  Statement row, task_row, open_ticks, insert_row, update_row, replace_row, remove_row;
  Statement row_record, record, save_record;
  Statement name_id, name_text, add_name;
  Statement shards, save_shard;
  Statement attempt, save_attempt, prune_attempts, accepted_attempt;
  Statement add_range, range, lengthen_range, add_change;
};

}  // namespace meepo::adapters::sqlite
