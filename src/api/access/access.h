#pragma once
// Who may do what: tokens with roles, and the permission that every route and method declares. Tokens are kept as SHA-256 and compared
// in constant time. Made at start-up, then only read: check() may be called on any thread.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace meepo::api {

enum class Permission : std::uint8_t {
  Public,           ///< anyone: health, the API's description, the front page
  TasksRead,
  TasksWrite,
  ExecutorConnect,  ///< take runs and report their ends
  AdminRead,        ///< what runs here: version, counts, executors
};
std::string_view to_string(Permission permission);  ///< "tasks.read", …

/// reader: TasksRead, AdminRead · client: TasksWrite as well · executor: ExecutorConnect only · admin: everything.
enum class Role : std::uint8_t { Reader, Client, Executor, Admin };
inline constexpr std::array kRoles = {Role::Reader, Role::Client, Role::Executor, Role::Admin};
std::string_view to_string(Role role);  ///< "reader", …
bool has(Role role, Permission permission);

struct Caller {
  Role role = Role::Admin;
  std::string name;  ///< from the token file; empty: none given, or nobody was asked
};

inline constexpr std::size_t kTokenCharsMin = 32;
inline constexpr std::size_t kTokenCharsMax = 512;
inline constexpr std::size_t kTokensMax = 10'000;

class Access {
 public:
  /// No tokens: everything is allowed to everyone who reaches the port, which is why check_bind() wants loopback.
  Access() = default;

  /// Reads a token file: a line `<token> <role> [name]`, '#' begins a comment. InvalidArgument names the file, the line and what was
  /// expected; refused too: a file that others than its owner can read, one without a token, a token twice.
  static Result<Access> from_file(const std::string& path);

  /// Adds a token made by this process, for the executor inside it. Before serving begins.
  void add_token(std::string_view token, Role role, std::string name);

  /// True if callers must name a token.
  bool required() const { return required_; }

  /// @param authorization  the value of the Authorization header ("Bearer <token>"); empty: none was sent
  /// Unauthenticated: no token where one is needed, or one that is not known. Forbidden: its role lacks the permission; both are named.
  Result<Caller> check(std::string_view authorization, Permission permission) const;

 private:
  using Hash = std::array<unsigned char, 32>;
  struct Entry {
    Hash hash;
    Caller caller;
  };
  static Hash hash(std::string_view token);
  const Entry* find(std::string_view token) const;
  Result<void> add_line(std::string_view line);

  std::vector<Entry> entries_;
  bool required_ = false;
};

/// Refuses to listen on other than loopback addresses without tokens. InvalidArgument; the message names `flag` ("--http") and --token-file.
Result<void> check_bind(std::string_view host, const Access& access, std::string_view flag);

}  // namespace meepo::api
