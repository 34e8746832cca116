#include "adapters/zookeeper/registry_url.h"

#include <algorithm>
#include <charconv>
#include <ranges>
#include <utility>

#include "base/text.h"

namespace meepo::adapters::zookeeper {
namespace {

constexpr std::string_view kScheme = "zookeeper://";
constexpr std::uint16_t kPortDefault = 2181;

std::unexpected<Error> wrong(const std::string& what) { return fail(Code::InvalidArgument, "registry address: " + what, "registry"); }

Result<void> add_servers(RegistryUrl& url, std::string_view list, std::string_view where) {
  while (true) {
    const auto comma = list.find(',');
    const auto text = list.substr(0, comma);
    auto address = net::parse_address(text);
    // Without a port the text alone is a host, or nothing that can be mended.
    if (!address) address = net::parse_address(std::string(text) + ":" + std::to_string(kPortDefault));
    if (!address || address->port == 0) {
      return wrong("the server " + quoted(text) + " in " + std::string(where) + " is not HOST or HOST:PORT");
    }
    url.servers.push_back(std::move(*address));
    if (url.servers.size() > kServersMax) return wrong("it names more than " + std::to_string(kServersMax) + " servers");
    if (comma == std::string_view::npos) return {};
    list.remove_prefix(comma + 1);
  }
}

/// "/a/b" of "a/b", "/a/b" or "/"; empty for "" and "/".
Result<std::string> node_path(std::string_view text, std::string_view what) {
  while (text.starts_with('/')) text.remove_prefix(1);
  if (text.empty()) return std::string();
  for (const auto part : std::views::split(text, '/')) {
    const std::string_view name(part);
    if (name.empty() || name == "." || name == "..") {
      return wrong(std::string(what) + " " + quoted(text) + " is not a path of nodes: it has an empty, . or .. part");
    }
  }
  return "/" + std::string(text);
}

Result<void> read_session(RegistryUrl& url, std::string_view value) {
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), ms);
  if (error != std::errc() || end != value.data() + value.size() || ms < kSessionTimeoutMin.count() || ms > kSessionTimeoutMax.count()) {
    return wrong("session=" + quoted(value) + " is not a number of milliseconds from " + std::to_string(kSessionTimeoutMin.count()) +
                 " to " + std::to_string(kSessionTimeoutMax.count()));
  }
  url.session_timeout = milliseconds(ms);
  return {};
}

Result<void> read_parameter(RegistryUrl& url, std::string_view name, std::string_view value) {
  if (name == "backup") return value.empty() ? Result<void>() : add_servers(url, value, "backup");
  if (name == "session") return read_session(url, value);
  if (name == "username") {
    url.user = value;
  } else if (name == "password") {
    url.password = value;
  } else if (name == "group") {
    auto root = node_path(value, "group");
    if (!root) return fail(root.error());
    url.root = *root;
  } else if (!name.empty()) {
    url.ignored.emplace_back(name);
  }
  return {};
}

/// "user:password@" before the servers, taken off `authority`.
Result<void> read_user(RegistryUrl& url, std::string_view& authority) {
  const auto at = authority.rfind('@');
  if (at == std::string_view::npos) return {};
  const auto user_info = authority.substr(0, at);
  authority.remove_prefix(at + 1);
  const auto colon = user_info.find(':');
  if (colon == std::string_view::npos) return wrong("there is no password: write user:password@ before the servers");
  url.user = user_info.substr(0, colon);
  url.password = user_info.substr(colon + 1);
  return {};
}

}  // namespace

ClientOptions RegistryUrl::client_options() const {
  std::string list;
  for (const auto& server : servers) list += (list.empty() ? "" : ",") + server.text();
  return {.servers = std::move(list),
          .chroot = chroot,
          .user = user,
          .password = password,
          .session_timeout = session_timeout.value_or(kSessionTimeoutDefault)};
}

Result<RegistryUrl> parse_registry_url(std::string_view text) {
  if (text.size() > kRegistryUrlBytesMax) return wrong("it is longer than " + std::to_string(kRegistryUrlBytesMax) + " bytes");
  if (!is_utf8(text) || has_control_character(text)) return wrong("it holds control characters or bytes that are not UTF-8");
  if (!text.starts_with(kScheme)) {
    return wrong("it begins with " + quoted(text.substr(0, text.find("://")), 32) + "; write zookeeper://HOST:PORT");
  }
  text.remove_prefix(kScheme.size());
  if (text.find_first_of("|;") != std::string_view::npos) return wrong("several registries (| or ;) are not supported: name one ensemble");

  RegistryUrl url;
  const auto question = text.find('?');
  const auto query = question == std::string_view::npos ? std::string_view() : text.substr(question + 1);
  text = text.substr(0, question);
  // A password may hold a slash: the path begins at the first one behind it.
  const auto at = text.rfind('@');
  const auto slash = text.find('/', at == std::string_view::npos ? 0 : at);
  auto authority = text.substr(0, slash);
  const auto path = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
  if (auto read = read_user(url, authority); !read) return fail(read.error());
  if (auto added = add_servers(url, authority, "the address"); !added) return fail(added.error());
  if (!path.ends_with(".RegistryService")) {
    auto chroot = node_path(path, "the chroot");
    if (!chroot) return fail(chroot.error());
    url.chroot = *chroot;
  }
  for (const auto part : std::views::split(query, '&')) {
    const std::string_view parameter(part);
    const auto equals = std::min(parameter.find('='), parameter.size());
    auto read = read_parameter(url, parameter.substr(0, equals), parameter.substr(std::min(equals + 1, parameter.size())));
    if (!read) return fail(read.error());
  }
  if (url.user.empty() != url.password.empty()) return wrong("a user and a password belong together; one of them is missing");
  if (url.user.find(':') != std::string::npos) return wrong("the user " + quoted(url.user) + " holds a colon, which ends the name");
  return url;
}

}  // namespace meepo::adapters::zookeeper
