#include "adapters/zookeeper/client.h"

#include <zookeeper/zookeeper.h>

#include <type_traits>
#include <utility>

#include "adapters/zookeeper/client_impl.h"
#include "base/text.h"

namespace meepo::adapters::zookeeper {
namespace {

Error error_of(Code code, const Verb& verb, const std::string& path, const std::string& reason) {
  return {.code = code, .message = std::string(verb.name) + " " + quoted(path, 256) + " in ZooKeeper: " + reason, .field = {}, .cause = {}};
}

Error to_error(int code, const Verb& verb, const std::string& path) {
  const auto because = [&](Code kind, const char* reason) { return error_of(kind, verb, path, reason); };
  switch (code) {
    case ZNONODE: return because(Code::NotFound, "there is no such node");
    case ZNODEEXISTS: return because(Code::Conflict, "the node exists already");
    case ZBADVERSION: return because(Code::Conflict, "the node has another version");
    case ZNOTEMPTY: return because(Code::Conflict, "the node has children");
    case ZNOCHILDRENFOREPHEMERALS: return because(Code::Conflict, "its parent is ephemeral and cannot have children");
    case ZNOAUTH: return because(Code::Forbidden, "the node's access list does not allow it to this user");
    case ZAUTHFAILED: return because(Code::Unauthenticated, "the servers refuse the user and password");
    case ZBADARGUMENTS:
    case ZINVALIDACL: return because(Code::InvalidArgument, "not a path as ZooKeeper wants it (/a/b, no empty, . or .. parts)");
    case ZSESSIONEXPIRED:
    case ZINVALIDSTATE:
    case ZSESSIONMOVED:
    case ZTHROTTLEDOP: return because(Code::Unavailable, "the session is over or the servers are busy; nothing was changed");
    case ZCONNECTIONLOSS:
    case ZOPERATIONTIMEOUT:
    case ZCLOSING:
      return verb.changes ? because(Code::Unknown, "the connection was lost before the answer came")
                          : because(Code::Unavailable, "the connection was lost");
    default: return because(Code::Internal, zerror(code));
  }
}

NodeStat to_stat(const Stat& stat) {
  return {.created_zxid = stat.czxid, .version = stat.version, .ephemeral_owner = stat.ephemeralOwner, .children = stat.numChildren};
}

}  // namespace

// ---- answers, on the library's threads ----------------------------------------------------------------------------------------

template <class T>
struct Client::Impl::TypedRequest : Request {
  using Request::Request;
  void session_ended() override {
    const auto code = verb.changes ? Code::Unknown : Code::Unavailable;
    fail_later<T>(context, std::move(done), error_of(code, verb, path, "the session ended before the answer came"));
  }
  void drop() override { done = nullptr; }

  Done<T> done;
};

template <class T>
void Client::Impl::fail_later(const Context& context, Done<T> done, Error error) {
  context.loop->post([weak = context.impl, done = std::move(done), error = std::move(error)]() mutable {
    if (const auto impl = weak.lock(); impl && !impl->stopped_) done(fail(std::move(error)));
  });
}

template <class T, class Value>
void Client::Impl::finish(int code, const void* data, Value value) {
  const auto& request = *static_cast<const Request*>(data);
  Result<T> result = code == ZOK ? value() : Result<T>(fail(to_error(code, request.verb, request.path)));
  post(request.context, [code, id = request.id, result = std::move(result)](Impl& impl) mutable {
    auto node = impl.requests_.extract(id);
    if (node.empty()) return;
    auto& answered = static_cast<TypedRequest<T>&>(*node.mapped());
    // The library sets a watch only when the read went well; exists also sets it where nothing is.
    const bool watches = code == ZOK || (code == ZNONODE && std::is_same_v<T, NodeStat>);
    if (answered.watch != 0 && !watches) impl.watches_.erase(answered.watch);
    answered.done(std::move(result));
  });
}

void Client::Impl::on_void(int code, const void* request) {
  finish<void>(code, request, [] { return Result<void>(); });
}

void Client::Impl::on_stat(int code, const Stat* stat, const void* request) {
  finish<NodeStat>(code, request, [stat] { return Result<NodeStat>(to_stat(*stat)); });
}

void Client::Impl::on_created(int code, const char* /*path*/, const Stat* stat, const void* request) { on_stat(code, stat, request); }

void Client::Impl::on_data(int code, const char* data, int bytes, const Stat* stat, const void* request) {
  finish<Node>(code, request, [=] {
    // A node may hold null, which is not empty to ZooKeeper: its length is -1.
    return Result<Node>(
        Node{.data = bytes > 0 ? std::string(data, static_cast<std::size_t>(bytes)) : std::string(), .stat = to_stat(*stat)});
  });
}

void Client::Impl::on_children(int code, const String_vector* names, const void* request) {
  using Names = std::vector<std::string>;
  finish<Names>(code, request, [names] {
    const auto count = static_cast<std::size_t>(names->count);
    if (count > kChildrenMax) {
      return Result<Names>(fail(Code::Exhausted, "a node in ZooKeeper has " + std::to_string(count) + " children; at most " +
                                                     std::to_string(kChildrenMax) + " are read"));
    }
    return Result<Names>(Names(names->data, names->data + count));
  });
}

// ---- requests, on the loop ----------------------------------------------------------------------------------------------------

std::string Client::Impl::full(const std::string& path) const {
  // What does not begin with a slash is no path; it must not become one by the chroot.
  if (options_.chroot.empty() || !path.starts_with('/')) return path;
  return path == "/" ? options_.chroot : options_.chroot + path;
}

template <class T, class Call>
void Client::Impl::submit(Verb verb, const std::string& path, std::size_t data_bytes, Done<T> done, Watch watch, Call call) {
  const Context context{.impl = weak_from_this(), .loop = &loop_, .generation = generation_};
  const auto refuse = [&](Code code, const std::string& reason) {
    fail_later<T>(context, std::move(done), error_of(code, verb, path, reason));
  };
  if (path.size() > kPathBytesMax || path.find('\0') != std::string::npos) {
    return refuse(Code::InvalidArgument, "a path has at most " + std::to_string(kPathBytesMax) + " bytes and no byte 0");
  }
  if (data_bytes > kDataBytesMax) {
    return refuse(Code::InvalidArgument,
                  "a node holds at most " + std::to_string(kDataBytesMax) + " bytes, not " + std::to_string(data_bytes));
  }
  if (!connected_) return refuse(Code::Unavailable, "there is no connection");
  if (requests_.size() >= kRequestsWaitingMax) {
    return refuse(Code::Exhausted, std::to_string(requests_.size()) + " requests wait for an answer already");
  }

  WatchArguments arguments{.function = nullptr, .context = nullptr};
  std::uintptr_t watch_id = 0;
  if (watch) {
    watch_id = ++last_id_;
    watches_.emplace(watch_id, std::move(watch));
    arguments = {.function = on_watch_event, .context = reinterpret_cast<void*>(watch_id)};
  }
  const auto id = ++last_id_;
  auto request = std::make_unique<TypedRequest<T>>(context, id, verb, path, watch_id);
  request->done = std::move(done);
  const void* const data = requests_.emplace(id, std::move(request)).first->second.get();
  const int code = call(path.c_str(), arguments, data);
  if (code != ZOK) finish<T>(code, data, [] { return Result<T>(); });
}

void Client::Impl::create(const std::string& path, std::shared_ptr<const std::string> data, Mode mode, bool with_parents,
                          Done<NodeStat> done) {
  const auto* const access = options_.user.empty() ? &ZOO_OPEN_ACL_UNSAFE : &ZOO_CREATOR_ALL_ACL;
  const int flags = mode == Mode::Ephemeral ? ZOO_EPHEMERAL : ZOO_PERSISTENT;
  auto parent = path.substr(0, path.rfind('/'));
  if (with_parents && !parent.empty()) {
    done = [this, path, parent = std::move(parent), data, mode, done = std::move(done)](Result<NodeStat> made) mutable {
      if (made || made.error().code != Code::NotFound) return done(std::move(made));
      create(parent, std::make_shared<const std::string>(), Mode::Persistent, true,
             [this, path, data, mode, done = std::move(done)](Result<NodeStat> above) mutable {
        // Somebody else may have made the parent meanwhile. If it is gone again, this ends with NotFound.
               if (!above && above.error().code != Code::Conflict) return done(std::move(above));
               create(path, data, mode, false, std::move(done));
             });
    };
  }
  submit<NodeStat>({.name = "create", .changes = true}, path, data->size(), std::move(done), nullptr,
                   [&](const char* text, WatchArguments, const void* request) {
                     return zoo_acreate2(handle_, text, data->data(), static_cast<int>(data->size()), access, flags, on_created, request);
                   });
}

void Client::Impl::remove(const std::string& path, std::int32_t version, Done<void> done) {
  submit<void>(
      {.name = "delete", .changes = true}, path, 0, std::move(done), nullptr,
      [&](const char* text, WatchArguments, const void* request) { return zoo_adelete(handle_, text, version, on_void, request); });
}

void Client::Impl::set(const std::string& path, const std::string& data, std::int32_t version, Done<NodeStat> done) {
  submit<NodeStat>({.name = "set", .changes = true}, path, data.size(), std::move(done), nullptr,
                   [&](const char* text, WatchArguments, const void* request) {
                     return zoo_aset(handle_, text, data.data(), static_cast<int>(data.size()), version, on_stat, request);
                   });
}

void Client::Impl::get(const std::string& path, Done<Node> done, Watch watch) {
  submit<Node>({.name = "get", .changes = false}, path, 0, std::move(done), std::move(watch),
               [&](const char* text, WatchArguments arguments, const void* request) {
                 return zoo_awget(handle_, text, arguments.function, arguments.context, on_data, request);
               });
}

void Client::Impl::exists(const std::string& path, Done<NodeStat> done, Watch watch) {
  submit<NodeStat>({.name = "look at", .changes = false}, path, 0, std::move(done), std::move(watch),
                   [&](const char* text, WatchArguments arguments, const void* request) {
                     return zoo_awexists(handle_, text, arguments.function, arguments.context, on_stat, request);
                   });
}

void Client::Impl::children(const std::string& path, Done<std::vector<std::string>> done, Watch watch) {
  submit<std::vector<std::string>>({.name = "list", .changes = false}, path, 0, std::move(done), std::move(watch),
                                   [&](const char* text, WatchArguments arguments, const void* request) {
                                     return zoo_awget_children(handle_, text, arguments.function, arguments.context, on_children, request);
                                   });
}

// ---- Client -------------------------------------------------------------------------------------------------------------------

Client::Client(ports::Loop& loop, ClientOptions options) : impl_(std::make_shared<Impl>(loop, std::move(options))) {}
Client::~Client() { impl_->stop(); }

void Client::start() { impl_->open(); }
Client::ListenerId Client::add_listener(Listener listener) { return impl_->add_listener(std::move(listener)); }
void Client::remove_listener(ListenerId id) { impl_->remove_listener(id); }
bool Client::connected() const { return impl_->connected(); }
SessionId Client::session() const { return impl_->session(); }
Result<std::string> Client::local_host() const { return impl_->local_host(); }

void Client::create(const std::string& path, std::string data, Mode mode, Done<NodeStat> done) {
  impl_->create(impl_->full(path), std::make_shared<const std::string>(std::move(data)), mode, true, std::move(done));
}
void Client::remove(const std::string& path, std::int32_t version, Done<void> done) {
  impl_->remove(impl_->full(path), version, std::move(done));
}
void Client::set(const std::string& path, const std::string& data, std::int32_t version, Done<NodeStat> done) {
  impl_->set(impl_->full(path), data, version, std::move(done));
}
void Client::get(const std::string& path, Done<Node> done, Watch watch) {
  impl_->get(impl_->full(path), std::move(done), std::move(watch));
}
void Client::exists(const std::string& path, Done<NodeStat> done, Watch watch) {
  impl_->exists(impl_->full(path), std::move(done), std::move(watch));
}
void Client::children(const std::string& path, Done<std::vector<std::string>> done, Watch watch) {
  impl_->children(impl_->full(path), std::move(done), std::move(watch));
}

}  // namespace meepo::adapters::zookeeper
