#include "api/access/access.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "net/address.h"

namespace meepo::api {

std::string_view to_string(Permission permission) {
  switch (permission) {
    case Permission::Public: return "public";
    case Permission::TasksRead: return "tasks.read";
    case Permission::TasksWrite: return "tasks.write";
    case Permission::ExecutorConnect: return "executor.connect";
    case Permission::AdminRead: return "admin.read";
  }
  return "";
}

std::string_view to_string(Role role) {
  switch (role) {
    case Role::Reader: return "reader";
    case Role::Client: return "client";
    case Role::Executor: return "executor";
    case Role::Admin: return "admin";
  }
  return "";
}

bool has(Role role, Permission permission) {
  if (permission == Permission::Public) return true;
  switch (role) {
    case Role::Reader: return permission == Permission::TasksRead || permission == Permission::AdminRead;
    case Role::Client:
      return permission == Permission::TasksRead || permission == Permission::TasksWrite || permission == Permission::AdminRead;
    case Role::Executor: return permission == Permission::ExecutorConnect;
    case Role::Admin: return true;
  }
  return false;
}

Access::Hash Access::hash(std::string_view token) {
  Hash hash{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), hash.data());
  return hash;
}

void Access::add_token(std::string_view token, Role role, std::string name) {
  entries_.push_back({.hash = hash(token), .caller = {.role = role, .name = std::move(name)}});
}

/// Looks at every entry, whichever matches: the time tells nothing about the tokens.
const Access::Entry* Access::find(std::string_view token) const {
  const auto wanted = hash(token);
  const Entry* found = nullptr;
  for (const auto& entry : entries_) {
    if (CRYPTO_memcmp(entry.hash.data(), wanted.data(), wanted.size()) == 0) found = &entry;
  }
  return found;
}

Result<Caller> Access::check(std::string_view authorization, Permission permission) const {
  if (!required_ || permission == Permission::Public) return Caller{};
  if (authorization.empty()) {
    return fail(Code::Unauthenticated,
                fmt::format("a token is needed for {}: expected the header Authorization: Bearer <token>", to_string(permission)));
  }
  constexpr std::string_view kScheme = "bearer ";
  std::string scheme(authorization.substr(0, kScheme.size()));
  for (auto& c : scheme) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (scheme != kScheme) {
    return fail(Code::Unauthenticated, "the Authorization header is not understood: expected Bearer <token>");
  }
  const auto* entry = find(authorization.substr(kScheme.size()));
  if (entry == nullptr) return fail(Code::Unauthenticated, "the token is not known: expected one of the server's --token-file");
  if (!has(entry->caller.role, permission)) {
    return fail(Code::Forbidden,
                fmt::format("the token's role {} lacks the permission {}", to_string(entry->caller.role), to_string(permission)));
  }
  return entry->caller;
}

Result<void> check_bind(std::string_view host, const Access& access, std::string_view flag) {
  if (access.required() || net::is_loopback(host)) return {};
  return fail(Code::InvalidArgument,
              fmt::format("{} {}: this address can be reached from other machines and no token is set: expected a loopback address "
                          "(127.0.0.1, ::1, localhost), or --token-file FILE",
                          flag, host));
}

}  // namespace meepo::api
