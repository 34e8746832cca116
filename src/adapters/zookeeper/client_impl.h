#pragma once
// What client.cc (requests) and client_session.cc (the session) share: inside of Client only.

#include <zookeeper/zookeeper.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "adapters/zookeeper/client.h"
#include "adapters/zookeeper/worker.h"

namespace meepo::adapters::zookeeper {

/// A request as error messages name it, and whether it changes the tree.
struct Verb {
  const char* name;
  bool changes;
};

class Client::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(ports::Loop& loop, ClientOptions options) : loop_(loop), options_(std::move(options)) {}

  void open();
  void stop();
  ListenerId add_listener(Listener listener);
  void remove_listener(ListenerId id) { listeners_.erase(id); }
  bool connected() const { return connected_; }
  SessionId session() const { return session_; }
  Result<std::string> local_host() const;

  /// The path with the chroot; the requests below take such ones.
  std::string full(const std::string& path) const;
  void create(const std::string& path, std::shared_ptr<const std::string> data, Mode mode, bool with_parents, Done<NodeStat> done);
  void remove(const std::string& path, std::int32_t version, Done<void> done);
  void set(const std::string& path, const std::string& data, std::int32_t version, Done<NodeStat> done);
  void get(const std::string& path, Done<Node> done, Watch watch);
  void exists(const std::string& path, Done<NodeStat> done, Watch watch);
  void children(const std::string& path, Done<std::vector<std::string>> done, Watch watch);

 private:
  /// What the library's session events need; lives as long as its handle.
  struct Context {
    std::weak_ptr<Impl> impl;
    ports::Loop* loop;
    std::uint64_t generation;
  };
  /// A request without an answer. The library's threads read it, so it lives until its answer or, after the session's end, until the
  /// handle is closed; its handler is touched on the loop only.
  struct Request {
    Request(const Context& where, std::uint64_t number, Verb what, std::string on, std::uintptr_t watched)
        : context(where), id(number), verb(what), path(std::move(on)), watch(watched) {}
    virtual ~Request() = default;
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    /// Its handler runs later on the loop with an error: the end of the session.
    virtual void session_ended() = 0;
    /// Its handler does not run.
    virtual void drop() = 0;

    const Context context;
    const std::uint64_t id;
    const Verb verb;
    const std::string path;
    const std::uintptr_t watch;  // 0: none
  };
  template <class T>
  struct TypedRequest;
  using Requests = std::map<std::uint64_t, std::unique_ptr<Request>>;

  /// Where a request's watch goes: a function and its context, as the library wants them.
  struct WatchArguments {
    watcher_fn function;
    void* context;
  };

  // Called by the library's threads.
  static void on_session_event(zhandle_t* handle, int type, int state, const char* path, void* context);
  static void on_watch_event(zhandle_t* handle, int type, int state, const char* path, void* context);
  static void on_void(int code, const void* request);
  static void on_stat(int code, const Stat* stat, const void* request);
  static void on_created(int code, const char* path, const Stat* stat, const void* request);
  static void on_data(int code, const char* data, int bytes, const Stat* stat, const void* request);
  static void on_children(int code, const String_vector* names, const void* request);
  /// The end of every completion. `value` makes the result; it is called only when the code says that all went well.
  template <class T, class Value>
  static void finish(int code, const void* data, Value value);
  /// `done(error)` later on the loop, if the client is still there.
  template <class T>
  static void fail_later(const Context& context, Done<T> done, Error error);
  /// `work(impl)` later on the loop, if the client is still there and still in this session.
  template <class Work>
  static void post(const Context& context, Work work);

  // Called on the worker.
  void open_on_worker(std::uint64_t generation);
  void close_on_worker(Requests unanswered);

  // Called on the loop.
  void session_event(int state, zhandle_t* handle, const SessionId& id);
  void begin_session();
  void end_session(SessionChange why, const std::string& detail);
  void reopen_later();
  void tell(SessionChange change, const std::string& detail);
  void watch_event(std::uintptr_t id, NodeChange change);
  /// Sends one request. `call(path, watch arguments, request)` hands it to the library, which answers through a completion above.
  template <class T, class Call>
  void submit(Verb verb, const std::string& path, std::size_t data_bytes, Done<T> done, Watch watch, Call call);

  ports::Loop& loop_;
  const ClientOptions options_;
  std::map<ListenerId, std::shared_ptr<Listener>> listeners_;
  std::map<std::uintptr_t, Watch> watches_;  // of this session
  std::uint64_t last_id_ = 0;                // of listeners, watches and requests
  std::uint64_t generation_ = 0;             // of sessions; what an earlier one still posts is dropped
  Requests requests_;                        // of this session, without an answer
  zhandle_t* handle_ = nullptr;              // from the first connection to the session's end
  SessionId session_;
  bool opened_ = false;  // the worker has finished opening: the credentials are on their way before any request
  bool connected_ = false;
  bool stopped_ = false;

  std::unique_ptr<Context> worker_context_;  // touched on the worker only
  zhandle_t* worker_handle_ = nullptr;       // touched on the worker only

  std::optional<Worker> worker_{std::in_place};  // until stop()
};

template <class Work>
void Client::Impl::post(const Context& context, Work work) {
  context.loop->post([weak = context.impl, generation = context.generation, work = std::move(work)]() mutable {
    const auto impl = weak.lock();
    if (impl && !impl->stopped_ && impl->generation_ == generation) work(*impl);
  });
}

}  // namespace meepo::adapters::zookeeper
