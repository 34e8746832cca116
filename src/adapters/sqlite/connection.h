#pragma once
// One SQLite connection and its prepared statements, by RAII. An error of SQLite sticks to the connection: steps after it do nothing,
// and whoever runs the transaction asks once, at its end, whether all went well. So the verbs need no error path of their own for it.
// Thread: the one that uses the connection; two connections may be used by two threads.

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meepo::adapters::sqlite {

class Connection {
 public:
  /// `path`: a file, created if missing, or ":memory:". Unavailable, Exhausted, Corruption: the message names the file.
  static Result<std::unique_ptr<Connection>> open(const std::string& path);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs SQL without parameters. False: it failed, and so did the connection.
  bool execute(const char* sql);

  bool failed() const { return code_ != SQLITE_OK; }
  /// The first failure as an Error, "sqlite <doing>: <what it says>".
  Error error(std::string_view doing) const;
  /// SQLite's extended result code of the first failure.
  int failure_code() const { return code_; }
  void forget_failure() { code_ = SQLITE_OK; }
  void note(int code);

  bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  int changes() const { return sqlite3_changes(handle_); }
  sqlite3* handle() const { return handle_; }

 private:
  explicit Connection(sqlite3* handle) : handle_(handle) {}

  sqlite3* handle_;
  int code_ = SQLITE_OK;
  std::string message_;
};

/// What a caller can do about an SQLite result code: FULL, NOMEM, TOOBIG → Exhausted · CORRUPT, NOTADB → Corruption ·
/// IOERR, BUSY, LOCKED, READONLY, CANTOPEN → Unavailable · else Internal.
Code code_of(int sqlite_code);

/// A prepared statement, kept for the connection's life and used again and again.
class Statement {
 public:
  Statement(Connection& connection, const char* sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// One execution: bind, step, read; it is reset when the object goes. Text and blobs are not copied: they must live until then.
  /// What is not bound is NULL.
  class Run {
   public:
    explicit Run(Statement& statement) : connection_(statement.connection_), handle_(statement.handle_) {}
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    Run& bind(int place, std::int64_t value);
    Run& bind_text(int place, std::string_view value);
    Run& bind_blob(int place, std::string_view value);

    /// True: a row is there to be read. False: no more rows, or a failure.
    bool step();
    /// For statements without rows. False: a failure.
    bool done();

    std::int64_t integer(int column) const { return sqlite3_column_int64(handle_, column); }
    std::string_view bytes(int column) const;
    bool null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

   private:
    Connection& connection_;
    sqlite3_stmt* handle_;
  };

  Run run() { return Run(*this); }

 private:
  Connection& connection_;
  sqlite3_stmt* handle_ = nullptr;
};

}  // namespace meepo::adapters::sqlite
