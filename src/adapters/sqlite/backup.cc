#include "adapters/sqlite/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "adapters/sqlite/connection.h"
#include "adapters/sqlite/folder_lock.h"
#include "adapters/sqlite/row.h"
#include "adapters/sqlite/schema.h"

namespace meepo::adapters::sqlite {
namespace {

namespace fs = std::filesystem;

constexpr int kPagesAStep = 2'048;
constexpr const char* kParts[] = {"", "-wal", "-shm"};

std::unexpected<Error> system_error(const std::string& doing, const std::error_code& error) {
  return fail(error == std::errc::no_space_on_device ? Code::Exhausted : Code::Unavailable, doing + ": " + error.message());
}

Result<std::unique_ptr<Connection>> open_existing(const std::string& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return fail(Code::NotFound, "there is no file " + file + ": expected a database of Meepo");
  return Connection::open(file);
}

std::int64_t number(Connection& connection, const char* sql) {
  Statement statement(connection, sql);
  auto run = statement.run();
  return run.step() ? run.integer(0) : 0;
}

Result<BackupReport> report_of(Connection& connection, const std::string& file) {
  const auto version = number(connection, "PRAGMA user_version");
  if (connection.failed()) return fail(connection.error("read " + file));
  if (version > schema_version()) {
    return fail(Code::Conflict, file + " has schema version " + std::to_string(version) + ", this meepo knows up to version " +
                                    std::to_string(schema_version()) + ": use the newer meepo that wrote it");
  }
  if (version == 0) return fail(Code::Corruption, file + " is a database that Meepo did not write");
  Statement statement(connection, "PRAGMA integrity_check(1)");
  {
    auto run = statement.run();
    const std::string found = run.step() ? std::string(run.bytes(0)) : std::string("it cannot be read");
    if (found != "ok") return fail(Code::Corruption, file + " is damaged: " + found);
  }
  BackupReport report{.bytes = 0, .tasks = 0, .schema = static_cast<int>(version)};
  Statement shards(connection, "SELECT counts FROM shard");
  auto run = shards.run();
  while (run.step()) {
    const auto counts = decode_counts(run.bytes(0));
    if (!counts) return fail(Error(counts.error()).prefixed(file));
    for (const auto tasks : counts->tasks) report.tasks += tasks;
  }
  if (connection.failed()) return fail(connection.error("read " + file));
  std::error_code ignored;
  report.bytes = fs::file_size(file, ignored);
  return report;
}

/// The file and its name are on disk.
Result<void> sync_file(const std::string& file) {
  const fs::path folder = fs::path(file).has_parent_path() ? fs::path(file).parent_path() : fs::path(".");
  for (const std::string& path : {file, folder.string()}) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && fsync(descriptor) == 0;
    const int number = errno;
    if (descriptor >= 0) close(descriptor);
    if (!synced) return system_error("sync " + path, {number, std::generic_category()});
  }
  return {};
}

void remove_parts(const std::string& file) {
  std::error_code ignored;
  for (const char* part : kParts) fs::remove(file + part, ignored);
}

/// One read transaction on the source keeps it at one instant, whatever is written meanwhile.
Result<void> copy_pages(Connection& from, Connection& to, const std::string& file, const BackupProgress& progress) {
  from.execute("BEGIN");
  number(from, "SELECT count(*) FROM meta");
  if (from.failed()) return fail(from.error("read the data"));
  sqlite3_backup* const backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  int code = backup == nullptr ? SQLITE_ERROR : SQLITE_OK;
  while (code == SQLITE_OK) {
    code = sqlite3_backup_step(backup, kPagesAStep);
    const auto all = static_cast<std::uint64_t>(sqlite3_backup_pagecount(backup));
    if (progress) progress(all - static_cast<std::uint64_t>(sqlite3_backup_remaining(backup)), all);
  }
  sqlite3_backup_finish(backup);
  from.execute("COMMIT");
  if (code == SQLITE_DONE) return {};
  return fail(code_of(code), "copy the data to " + file + ": " + sqlite3_errstr(code));
}

Result<BackupReport> copy_to(const std::string& source, const std::string& file, const BackupProgress& progress) {
  {
    auto from = open_existing(source);
    if (!from) return fail(std::move(from.error()));
    auto to = Connection::open(file);
    if (!to) return fail(std::move(to.error()));
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    if (auto copied = copy_pages(**from, **to, file, progress); !copied) return fail(std::move(copied.error()));
  }
  auto report = check_backup(file);
  if (!report) return report;
  if (auto synced = sync_file(file); !synced) return fail(std::move(synced.error()));
  return report;
}

/// Above every fence that was given out under the old data or under the copied ones.
Result<void> raise_generation(const std::string& file, std::int64_t above) {
  auto connection = Connection::open(file);
  if (!connection) return fail(std::move(connection.error()));
  const auto own = number(**connection, "SELECT value FROM meta WHERE key = 'generation'");
  const auto next = std::max(own, above) + 1;
  (*connection)->execute(("UPDATE meta SET value = " + std::to_string(next) + " WHERE key = 'generation'").c_str());
  if ((*connection)->failed()) return fail((*connection)->error("write the generation"));
  return {};
}

std::int64_t generation_of(const std::string& file) {
  const auto connection = open_existing(file);
  return connection ? number(**connection, "SELECT value FROM meta WHERE key = 'generation'") : 0;
}

/// Moves a database with its log.
std::error_code move_database(const std::string& from, const std::string& to) {
  for (const char* part : kParts) {
    std::error_code error;
    if (!fs::exists(from + part, error)) continue;
    fs::rename(from + part, to + part, error);
    if (error) return error;
  }
  return {};
}

/// `part` takes the place of `database`, which moves into the new folder `kept` (empty: there is none). After an error all is as before.
Result<void> swap_in(const std::string& part, const std::string& database, const std::string& kept) {
  std::error_code error;
  if (!kept.empty() && !fs::create_directory(kept, error)) {
    return fail(Code::Conflict, "make " + kept + ": " + (error ? error.message() : std::string("it exists")));
  }
  if (!kept.empty()) error = move_database(database, kept + "/meepo.db");
  if (!error) fs::rename(part, database, error);
  if (!error) return {};
  std::error_code ignored;
  if (!kept.empty()) {
    move_database(kept + "/meepo.db", database);
    fs::remove(kept, ignored);
  }
  return system_error("put " + database + " in its place", error);
}

}  // namespace

Result<BackupReport> check_backup(const std::string& file) {
  auto connection = open_existing(file);
  if (!connection) return fail(std::move(connection.error()));
  return report_of(**connection, file);
}

Result<BackupReport> back_up(const std::string& folder, const std::string& file, const BackupProgress& progress) {
  std::error_code error;
  if (fs::exists(file, error)) return fail(Code::Conflict, file + " exists: expected a name that is free");
  const std::string part = file + ".part";
  remove_parts(part);
  auto report = copy_to(folder + "/meepo.db", part, progress);
  if (report) {
    fs::rename(part, file, error);
    if (error) report = system_error("rename " + part, error);
  }
  if (report) {
    if (auto synced = sync_file(file); !synced) report = fail(std::move(synced.error()));
  }
  remove_parts(part);
  return report;
}

Result<RestoreReport> restore(const std::string& file, const std::string& folder, const std::string& kept_name) {
  if (auto checked = check_backup(file); !checked) return fail(std::move(checked.error()));
  const auto lock = FolderLock::take(folder);
  if (!lock) return fail(lock.error());
  const std::string database = folder + "/meepo.db";
  const std::string part = database + ".part";
  remove_parts(part);
  auto report = copy_to(file, part, nullptr);
  std::error_code error;
  const bool was_there = fs::exists(database, error);
  if (report) {
    if (auto raised = raise_generation(part, was_there ? generation_of(database) : 0); !raised) report = fail(std::move(raised.error()));
  }
  RestoreReport restored{.backup = report ? *report : BackupReport{}, .kept = was_there ? folder + "/" + kept_name : std::string()};
  if (report) {
    if (auto swapped = swap_in(part, database, restored.kept); !swapped) report = fail(std::move(swapped.error()));
  }
  remove_parts(part);
  if (!report) return fail(std::move(report.error()));
  if (auto synced = sync_file(database); !synced) return fail(std::move(synced.error()));
  return restored;
}

}  // namespace meepo::adapters::sqlite
