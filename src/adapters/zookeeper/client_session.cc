#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "adapters/zookeeper/client_impl.h"
#include "base/log.h"
#include "base/text.h"

// Two faults of the library, seen by the sanitizers: it does not free what its threads had still to hand over when a handle is closed,
// and it prints a server's address, for its log, into one buffer that all handles share.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
extern "C" const char* __lsan_default_suppressions();  // NOLINT(readability-identifier-naming)
extern "C" const char* __lsan_default_suppressions() { return "leak:libzookeeper_mt"; }
#endif
#if __has_feature(thread_sanitizer)
extern "C" const char* __tsan_default_suppressions();  // NOLINT(readability-identifier-naming)
extern "C" const char* __tsan_default_suppressions() { return "race:vsprintf"; }
#endif
#endif

namespace meepo::adapters::zookeeper {
namespace {

std::optional<NodeChange> to_change(int type) {
  if (type == ZOO_CREATED_EVENT) return NodeChange::Created;
  if (type == ZOO_DELETED_EVENT) return NodeChange::Deleted;
  if (type == ZOO_CHANGED_EVENT) return NodeChange::Data;
  if (type == ZOO_CHILD_EVENT) return NodeChange::Children;
  return std::nullopt;
}

}  // namespace

std::string_view to_string(SessionChange change) {
  switch (change) {
    case SessionChange::New: return "new";
    case SessionChange::Suspended: return "suspended";
    case SessionChange::Resumed: return "resumed";
    case SessionChange::Expired: return "expired";
    case SessionChange::Refused: return "refused";
  }
  return "";
}

void Client::Impl::on_session_event(zhandle_t* handle, int type, int state, const char* /*path*/, void* context) {
  if (type != ZOO_SESSION_EVENT) return;
  SessionId id;
  if (state == ZOO_CONNECTED_STATE) {
    const clientid_t& raw = *zoo_client_id(handle);
    id.id = raw.client_id;
    std::copy(std::begin(raw.passwd), std::end(raw.passwd), id.password.begin());
  }
  post(*static_cast<const Context*>(context), [state, handle, id](Impl& impl) { impl.session_event(state, handle, id); });
}

void Client::Impl::on_watch_event(zhandle_t* handle, int type, int /*state*/, const char* /*path*/, void* context) {
  const auto change = to_change(type);
  if (!change) return;  // session events come to every watch; the listeners hear them
  const auto id = reinterpret_cast<std::uintptr_t>(context);
  post(*static_cast<const Context*>(zoo_get_context(handle)), [id, change](Impl& impl) { impl.watch_event(id, *change); });
}

void Client::Impl::open() {
  opened_ = false;
  worker_->post([this, generation = ++generation_] { open_on_worker(generation); });
}

void Client::Impl::open_on_worker(std::uint64_t generation) {
  zoo_set_debug_level(ZOO_LOG_LEVEL_WARN);
  worker_context_ = std::make_unique<Context>(Context{.impl = weak_from_this(), .loop = &loop_, .generation = generation});
  worker_handle_ = zookeeper_init2(options_.servers.c_str(), on_session_event, static_cast<int>(options_.session_timeout.count()), nullptr,
                                   worker_context_.get(), ZOO_NO_LOG_CLIENTENV,
                                   [](const char* text) { log::debug("zookeeper", {{"text", text != nullptr ? text : ""}}); });
  if (worker_handle_ == nullptr) {
    const int error = errno;
    post(*worker_context_, [error](Impl& impl) {
      impl.end_session(SessionChange::Refused, "open a session with " + quoted(impl.options_.servers, 256) +
                                                   ": the servers' names could not be resolved (" + std::generic_category().message(error) +
                                                   ")");
    });
    return;
  }
  if (!options_.user.empty()) {
    const auto certificate = options_.user + ":" + options_.password;
    zoo_add_auth(worker_handle_, "digest", certificate.data(), static_cast<int>(certificate.size()), nullptr, nullptr);
  }
  post(*worker_context_, [](Impl& impl) {
    impl.opened_ = true;
    impl.begin_session();
  });
}

void Client::Impl::close_on_worker(Requests /*unanswered*/) {
  if (worker_handle_ != nullptr) zookeeper_close(worker_handle_);
  worker_handle_ = nullptr;
  worker_context_.reset();
}

void Client::Impl::session_event(int state, zhandle_t* handle, const SessionId& id) {
  if (state == ZOO_CONNECTED_STATE) {
    handle_ = handle;
    const bool resumed = session_.id == id.id;
    session_ = id;
    if (!resumed) {
      begin_session();
    } else if (!std::exchange(connected_, true)) {
      tell(SessionChange::Resumed, {});
    }
  } else if (state == ZOO_EXPIRED_SESSION_STATE) {
    end_session(SessionChange::Expired, "the servers have ended the session");
  } else if (state == ZOO_AUTH_FAILED_STATE) {
    end_session(SessionChange::Refused, "the servers refuse the user " + quoted(options_.user) + " and its password");
  } else if (std::exchange(connected_, false)) {
    tell(SessionChange::Suspended, "the connection is lost");
  }
}

void Client::Impl::begin_session() {
  if (!opened_ || session_.id == 0 || connected_) return;
  connected_ = true;
  tell(SessionChange::New, {});
}

void Client::Impl::end_session(SessionChange why, const std::string& detail) {
  ++generation_;
  handle_ = nullptr;
  connected_ = false;
  session_ = {};
  watches_.clear();
  // The library loses some answers when its handle is closed, so they are given here.
  for (const auto& [id, request] : requests_) request->session_ended();
  worker_->post([this, unanswered = std::exchange(requests_, {})]() mutable { close_on_worker(std::move(unanswered)); });
  if (why == SessionChange::Expired) {
    open();
  } else {
    reopen_later();
  }
  tell(why, detail);
}

void Client::Impl::reopen_later() {
  loop_.call_at(loop_.steady_now() + kReopenDelay, [weak = weak_from_this()] {
    if (const auto impl = weak.lock(); impl && !impl->stopped_) impl->open();
  });
}

void Client::Impl::stop() {
  stopped_ = true;
  connected_ = false;
  handle_ = nullptr;
  listeners_.clear();
  watches_.clear();
  for (const auto& [id, request] : requests_) request->drop();
  worker_->post([this, unanswered = std::exchange(requests_, {})]() mutable { close_on_worker(std::move(unanswered)); });
  worker_.reset();
}

void Client::Impl::tell(SessionChange change, const std::string& detail) {
  std::vector<ListenerId> ids;
  ids.reserve(listeners_.size());
  for (const auto& [id, listener] : listeners_) ids.push_back(id);
  for (const auto id : ids) {
    const auto found = listeners_.find(id);
    if (found == listeners_.end()) continue;
    const auto listener = found->second;  // it may remove itself
    (*listener)(change, detail);
  }
}

void Client::Impl::watch_event(std::uintptr_t id, NodeChange change) {
  auto node = watches_.extract(id);
  if (!node.empty()) node.mapped()(change);
}

Result<std::string> Client::Impl::local_host() const {
  sockaddr_storage server{};
  socklen_t bytes = sizeof(server);
  auto* const address = reinterpret_cast<sockaddr*>(&server);
  if (!connected_ || zookeeper_get_connected_host(handle_, address, &bytes) == nullptr) {
    return fail(Code::Unavailable, "find the address used to reach ZooKeeper: no server is connected");
  }
  // A datagram socket that is connected chooses its address as a connection would, and sends nothing.
  const int probe = ::socket(server.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool chosen = probe >= 0 && ::connect(probe, address, bytes) == 0;
  bytes = sizeof(server);
  const bool known = chosen && ::getsockname(probe, address, &bytes) == 0;
  if (probe >= 0) ::close(probe);
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* raw = server.ss_family == AF_INET6 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(&server)->sin6_addr)
                                                 : &reinterpret_cast<const sockaddr_in*>(&server)->sin_addr;
  if (!known || ::inet_ntop(server.ss_family, raw, text.data(), text.size()) == nullptr) {
    return fail(Code::Unavailable, "find the address used to reach ZooKeeper: " + std::generic_category().message(errno));
  }
  return std::string(text.data());
}

Client::ListenerId Client::Impl::add_listener(Listener listener) {
  listeners_.emplace(++last_id_, std::make_shared<Listener>(std::move(listener)));
  return last_id_;
}

}  // namespace meepo::adapters::zookeeper
