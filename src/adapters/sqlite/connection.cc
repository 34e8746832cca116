#include "adapters/sqlite/connection.h"

#include <mutex>
#include <utility>

namespace meepo::adapters::sqlite {

Code code_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG: return Code::Exhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Code::Corruption;
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN: return Code::Unavailable;
    default: return Code::Internal;
  }
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path) {
  // Without its memory statistics SQLite takes no process-wide lock at each allocation. Fails once SQLite is in use: then they stay.
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
  sqlite3* handle = nullptr;
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, kFlags, nullptr);
  if (code != SQLITE_OK) {
    std::string message = "sqlite open " + path + ": " + (handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
    sqlite3_close(handle);
    return fail(code_of(code), std::move(message));
  }
  return std::unique_ptr<Connection>(new Connection(handle));
}

Connection::~Connection() { sqlite3_close(handle_); }

void Connection::note(int code) {
  if (failed()) return;
  code_ = code;
  message_ = sqlite3_errmsg(handle_);
}

bool Connection::execute(const char* sql) {
  if (failed()) return false;
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) note(code);
  return code == SQLITE_OK;
}

Error Connection::error(std::string_view doing) const {
  return Error{.code = code_of(code_), .message = "sqlite " + std::string(doing) + ": " + message_, .field = {}, .cause = {}};
}

Statement::Statement(Connection& connection, const char* sql) : connection_(connection) {
  const int code = sqlite3_prepare_v3(connection.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  if (code != SQLITE_OK) connection.note(code);
}

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement::Run::~Run() {
  if (handle_ == nullptr) return;  // it could not be prepared
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

Statement::Run& Statement::Run::bind(int place, std::int64_t value) {
  sqlite3_bind_int64(handle_, place, value);
  return *this;
}

Statement::Run& Statement::Run::bind_text(int place, std::string_view value) {
  // A null pointer would bind NULL.
  sqlite3_bind_text64(handle_, place, value.data() != nullptr ? value.data() : "", value.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement::Run& Statement::Run::bind_blob(int place, std::string_view value) {
  sqlite3_bind_blob64(handle_, place, value.data() != nullptr ? value.data() : "", value.size(), SQLITE_STATIC);
  return *this;
}

bool Statement::Run::step() {
  if (connection_.failed()) return false;
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) connection_.note(code);
  return false;
}

bool Statement::Run::done() {
  step();
  return !connection_.failed();
}

std::string_view Statement::Run::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  return {data != nullptr ? data : "", static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

}  // namespace meepo::adapters::sqlite
