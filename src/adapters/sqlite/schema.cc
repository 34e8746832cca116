#include "adapters/sqlite/schema.h"

#include <array>
#include <string>

namespace meepo::adapters::sqlite {
namespace {

// Version 1.
//
// firing: one row a firing, by (task, tick). `task` is the id packed into 12 bytes that sort as the id does. The row that also
// describes the task is '0' for REAL (so its whole life is one row) and '' for the other kinds: it has `facts` and `record`.
// `place` is (shard × 8 + state) × 2^14, plus 1 + target mod (2^14 − 1) while WAITING for an executor: so one index
// answers what is due, leased, waiting for a target, and ended. State 7: the task has ended. NULL: a living task's '' row.
// `score` is what the set is ordered by. NULL in `due`: the same as `score`.
// `flags`, `more`, `facts`: codecs in row_codec.cc. `target`, `executor`: ids in `name`.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE firing (
  task BLOB NOT NULL,
  tick TEXT NOT NULL,
  place INTEGER,
  score INTEGER,
  due INTEGER,
  flags INTEGER,
  target INTEGER,
  attempt INTEGER,
  failures INTEGER,
  crashes INTEGER,
  token BLOB,
  executor INTEGER,
  begun_at INTEGER,
  ended_at INTEGER,
  sequence INTEGER,
  more BLOB,
  facts BLOB,
  record BLOB,
  PRIMARY KEY (task, tick)
) WITHOUT ROWID;
CREATE INDEX firing_place ON firing (place, score) WHERE place IS NOT NULL;

-- Task records that are too long for the row, and older versions that a claimed or running firing ends on.
CREATE TABLE record (
  task BLOB NOT NULL,
  version INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (task, version)
);

-- Attempts with more to say than their firing. token: set when this attempt's end was accepted.
CREATE TABLE attempt (
  task BLOB NOT NULL,
  tick TEXT NOT NULL,
  number INTEGER NOT NULL,
  token BLOB,
  record BLOB NOT NULL,
  PRIMARY KEY (task, tick, number)
);

-- Neighbouring ticks with one fate and no firing.
CREATE TABLE tick_range (
  task BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  shard INTEGER NOT NULL,
  at INTEGER NOT NULL,
  first TEXT NOT NULL,
  last TEXT NOT NULL,
  count INTEGER NOT NULL,
  fate INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  PRIMARY KEY (task, sequence)
) WITHOUT ROWID;
CREATE INDEX tick_range_at ON tick_range (shard, at);

-- tick: of a run by hand; NULL: the create's.
CREATE TABLE request_id (
  shard INTEGER NOT NULL,
  app_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  task BLOB NOT NULL,
  tick TEXT,
  hash INTEGER NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (shard, app_id, request_id)
) WITHOUT ROWID;

-- An entry whose task has ended or is gone counts as free.
CREATE TABLE unique_key (
  shard INTEGER NOT NULL,
  app_id TEXT NOT NULL,
  unique_key TEXT NOT NULL,
  task BLOB NOT NULL,
  PRIMARY KEY (shard, app_id, unique_key)
) WITHOUT ROWID;

CREATE TABLE change (
  shard INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  task BLOB NOT NULL,
  tick TEXT NOT NULL,
  PRIMARY KEY (shard, sequence)
) WITHOUT ROWID;

CREATE TABLE shard (
  shard INTEGER PRIMARY KEY,
  fence TEXT NOT NULL,
  change_sequence INTEGER NOT NULL,
  counts BLOB NOT NULL
);

-- Target keys and executor instances, by number.
CREATE TABLE name (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
);

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO meta VALUES ('shards', 64), ('generation', 1), ('starts', 0);
)sql";

constexpr std::array kMigrations = {kVersion1};

Result<int> stored_version(Connection& connection) {
  Statement statement(connection, "PRAGMA user_version");
  auto run = statement.run();
  if (!run.step()) return fail(connection.error("read the schema version"));
  return static_cast<int>(run.integer(0));
}

Result<void> use_wal(Connection& connection) {
  Statement statement(connection, "PRAGMA journal_mode = WAL");
  auto run = statement.run();
  if (!run.step()) return fail(connection.error("turn the write-ahead log on"));
  const std::string mode(run.bytes(0));
  if (mode == "wal" || mode == "memory") return {};
  return fail(Code::Unavailable, "sqlite keeps journal mode '" + mode + "' where 'wal' is needed: the data folder must be on a local disk");
}

}  // namespace

int schema_version() { return static_cast<int>(kMigrations.size()); }

Result<void> migrate(Connection& connection) {
  const auto stored = stored_version(connection);
  if (!stored) return fail(stored.error());
  if (*stored > schema_version()) {
    return fail(Code::Conflict, "the data folder's schema is version " + std::to_string(*stored) + ", this meepo knows up to version " +
                                    std::to_string(schema_version()) + ": use the newer meepo that wrote it");
  }
  for (int version = *stored; version < schema_version(); ++version) {
    connection.execute("BEGIN IMMEDIATE");
    connection.execute(kMigrations.at(static_cast<std::size_t>(version)));
    connection.execute(("PRAGMA user_version = " + std::to_string(version + 1)).c_str());
    connection.execute("COMMIT");
    if (connection.failed()) return fail(connection.error("migrate to schema version " + std::to_string(version + 1)));
  }
  return {};
}

Result<void> configure(Connection& connection, std::int64_t cache_kib, bool writes) {
  sqlite3_busy_timeout(connection.handle(), 5'000);
  connection.execute(("PRAGMA cache_size = -" + std::to_string(cache_kib)).c_str());
  connection.execute("PRAGMA temp_store = MEMORY");
  if (writes) {
    connection.execute("PRAGMA page_size = 4096");
    if (const auto wal = use_wal(connection); !wal) return wal;
    connection.execute("PRAGMA synchronous = FULL");
    // A checkpoint writes each page once however often it changed: 32 MiB of log between two keeps it rare, and a restart that
    // reads the log short.
    connection.execute("PRAGMA wal_autocheckpoint = 8192");
    connection.execute("PRAGMA journal_size_limit = 67108864");
  } else {
    connection.execute("PRAGMA query_only = 1");
  }
  if (connection.failed()) return fail(connection.error("configure"));
  return {};
}

}  // namespace meepo::adapters::sqlite
