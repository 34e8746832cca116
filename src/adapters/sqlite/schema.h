#pragma once
// The tables of the embedded store, and how an older file becomes a newer one.

#include <cstdint>

#include "adapters/sqlite/connection.h"
#include "base/result.h"

namespace meepo::adapters::sqlite {

/// The version that this program writes, in PRAGMA user_version.
int schema_version();

/// Brings the file to schema_version(), each step in its own transaction. A newer file is refused (Conflict), naming both versions.
Result<void> migrate(Connection& connection);

/// Pragmas of every connection. `cache_kib`: page cache. `writes`: this one commits (WAL, fsync on every commit).
Result<void> configure(Connection& connection, std::int64_t cache_kib, bool writes);

}  // namespace meepo::adapters::sqlite
