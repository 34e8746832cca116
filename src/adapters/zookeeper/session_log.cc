#include "adapters/zookeeper/session_log.h"

#include <utility>

#include "base/log.h"

namespace meepo::adapters::zookeeper {
namespace {

void warn_later(ports::Loop& loop, Client& client, std::string servers, milliseconds delay) {
  loop.call_at(loop.steady_now() + delay, [&loop, &client, servers = std::move(servers)]() mutable {
    const bool reached = client.connected();
    if (!reached) log::warn("registry_not_reached", {{"servers", servers}});
    warn_later(loop, client, std::move(servers), reached ? kNotReachedAfter : kNotReachedEvery);
  });
}

}  // namespace

void log_session(ports::Loop& loop, Client& client, std::string servers) {
  client.add_listener([](SessionChange change, const std::string& detail) {
    const bool bad = change == SessionChange::Expired || change == SessionChange::Refused;
    log::write(bad ? log::Level::Warn : log::Level::Info, "registry_session",
               {{"change", std::string(to_string(change))}, {"detail", detail}});
  });
  warn_later(loop, client, std::move(servers), kNotReachedAfter);
}

}  // namespace meepo::adapters::zookeeper
