#pragma once
// A ZooKeeper session that lasts: it connects by itself, reconnects, and when the servers have expired it, opens a new one and says so.
// Only client*.cc know the C library (libzookeeper-mt). Everything here is called on the loop given at construction, and every
// handler runs there; the library's own threads only post. Registry, node list and shard ownership stand on this.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ports/clock.h"

namespace meepo::adapters::zookeeper {

inline constexpr std::size_t kPathBytesMax = 64UL
                                             << 10U;  ///< of a path with the chroot; an encoded provider URL with hundreds of methods fits
inline constexpr std::size_t kDataBytesMax = 1'000'000;  ///< of a node: ZooKeeper refuses packets above 1 MiB (jute.maxbuffer)
inline constexpr std::size_t kChildrenMax = 20'000;  ///< of one node; ZooKeeper's packet limit allows about as many short names
inline constexpr std::size_t kRequestsWaitingMax = 20'000;  ///< without an answer, a few seconds of work of a server; more: Exhausted
inline constexpr milliseconds kSessionTimeoutDefault{6'000};
inline constexpr milliseconds kReopenDelay{1'000};  ///< after servers that could not be resolved, or refused credentials

struct ClientOptions {
  std::string servers;  ///< "h1:2181,h2:2181"; tried in random order
  std::string chroot;  ///< "" or "/a/b": put before every path; made by the first create below it
  std::string user;  ///< digest authentication when not empty: nodes made are then for this user alone
  std::string password;
  milliseconds session_timeout = kSessionTimeoutDefault;  ///< asked for; the server may answer another
};

/// What became of the session.
enum class SessionChange {
  New,  ///< connected with a new session: ephemeral nodes and watches of an earlier one are gone, make them again
  Suspended,  ///< the connection is lost; nodes and watches last until the session timeout, requests fail
  Resumed,  ///< connected again with the same session
  Expired,  ///< the session is over; a new one is being opened
  Refused,  ///< no session could be opened (see the detail); tried again every kReopenDelay
};
std::string_view to_string(SessionChange change);

struct SessionId {
  std::int64_t id = 0;  ///< 0: none
  std::array<char, 16> password{};
};

enum class Mode { Persistent, Ephemeral };

struct NodeStat {
  std::int64_t created_zxid = 0;  ///< grows with every change of the whole tree: a node made later has a higher one
  std::int32_t version = 0;  ///< of the data
  std::int64_t ephemeral_owner = 0;  ///< session id, 0 for persistent nodes
  std::int32_t children = 0;

  friend bool operator==(const NodeStat&, const NodeStat&) = default;
};

struct Node {
  std::string data;
  NodeStat stat;
};

/// What a watch saw.
enum class NodeChange { Created, Deleted, Data, Children };

/// Errors of all requests: InvalidArgument (path, size), NotFound, Conflict (exists, other version, has children, parent is ephemeral),
/// Forbidden, Unavailable (no connection: nothing was changed), Unknown (a change was sent and the connection lost: look before
/// repeating it), Exhausted (kRequestsWaitingMax, kChildrenMax), Internal.
class Client {
 public:
  template <class T>
  using Done = std::move_only_function<void(Result<T>)>;
  /// Runs once, at the first change after the read that set it. It ends unrun with its session, with a read that failed (exists:
  /// with another error than NotFound), and with the client. How many there are is bounded by what the callers watch.
  using Watch = std::move_only_function<void(NodeChange)>;
  using Listener = std::move_only_function<void(SessionChange, const std::string& detail)>;
  using ListenerId = std::uint64_t;

  Client(ports::Loop& loop, ClientOptions options);
  /// Closes the session, so that its ephemeral nodes go at once: blocks for that, up to 3 s, or longer while a name is being resolved.
  /// On the loop, or after the loop has stopped. No handler runs afterwards.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Opens the first session. Once.
  void start();

  /// A listener may be removed by any handler, also by itself. Listeners run in the order in which they came.
  ListenerId add_listener(Listener listener);
  void remove_listener(ListenerId id);

  bool connected() const;
  /// Of the session that lasts (also while suspended), else id 0. Who has both parts can take the session over: for tests.
  SessionId session() const;
  /// The address of this machine on the way to the ZooKeeper server that is connected. Unavailable: none is.
  Result<std::string> local_host() const;

  /// `done` runs exactly once, later, unless the client is destroyed first; also with an error found at once.
  /// create makes missing parents (persistent, empty); repeated after Unknown it may answer Conflict.
  void create(const std::string& path, std::string data, Mode mode, Done<NodeStat> done);
  /// Deletes one node. `version` -1: whatever it is.
  void remove(const std::string& path, std::int32_t version, Done<void> done);
  void set(const std::string& path, const std::string& data, std::int32_t version, Done<NodeStat> done);
  void get(const std::string& path, Done<Node> done, Watch watch = nullptr);
  /// NotFound if there is no node; the watch is set nevertheless, and sees it being created.
  void exists(const std::string& path, Done<NodeStat> done, Watch watch = nullptr);
  /// The names of the children, in no order. The watch sees the list change and the node deleted.
  void children(const std::string& path, Done<std::vector<std::string>> done, Watch watch = nullptr);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace meepo::adapters::zookeeper
