#include "adapters/direct/direct_dispatcher.h"

#include <atomic>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "adapters/direct/session.h"
#include "convert/status.h"
#include "meepo/v1/executor_service.grpc.pb.h"

namespace meepo::adapters::direct {
namespace {

/// Ends a stream that was refused at the door.
class Refusal final : public grpc::ServerBidiReactor<v1::FromExecutor, v1::ToExecutor> {
 public:
  explicit Refusal(const Error& reason) { Finish(convert::to_status(reason)); }
  void OnDone() override { delete this; }
};

Error error(Code code, std::string message) { return {.code = code, .message = std::move(message), .field = {}, .cause = {}}; }

}  // namespace

/// Shared with sessions and posted work, which may outlive the dispatcher by a moment.
class DirectDispatcher::Core final : public SessionHost, public std::enable_shared_from_this<Core> {
 public:
  Core(ports::Loop& loop, Authorize authorize, Options options) : loop_(loop), authorize_(std::move(authorize)), options_(options) {}

  // gRPC's threads.
  grpc::ServerBidiReactor<v1::FromExecutor, v1::ToExecutor>* connect(grpc::CallbackServerContext& context);
  void received(std::shared_ptr<Session> session, FromExecutor message, std::size_t bytes) override;
  void done(std::shared_ptr<Session> session) override;

  // The loop.
  void start(Handlers handlers);
  void stop();
  /// After the server's end, on the loop or once it has stopped: sessions and this hold each other until here.
  void release();
  template <class Say>
  void say(ports::SessionId id, Say say_to);
  void close(ports::SessionId id, const Error& reason);

 private:
  struct Opened {
    std::shared_ptr<Session> session;
    bool closing = false;    ///< by the scheduler: nothing more is said or heard
    bool unflushed = false;
  };

  void handle(const std::shared_ptr<Session>& session, FromExecutor message);
  void forget(ports::SessionId id);
  void flush();
  void cut_off_later(std::weak_ptr<Session> session);

  ports::Loop& loop_;
  Authorize authorize_;
  Options options_;

  std::mutex mutex_;  // guards the three below
  std::unordered_map<ports::SessionId, std::shared_ptr<Session>> live_;  ///< from connect() to OnDone
  ports::SessionId last_session_ = 0;
  bool open_ = false;

  // The loop's.
  Handlers handlers_;
  bool running_ = false;
  std::unordered_map<ports::SessionId, Opened> sessions_;
  std::vector<ports::SessionId> unflushed_;
};

grpc::ServerBidiReactor<v1::FromExecutor, v1::ToExecutor>* DirectDispatcher::Core::connect(grpc::CallbackServerContext& context) {
  if (authorize_) {
    if (auto allowed = authorize_(context); !allowed) return new Refusal(allowed.error());
  }
  std::shared_ptr<Session> session;
  {
    const std::scoped_lock lock(mutex_);
    if (!open_) return new Refusal(error(Code::Unavailable, "the scheduler is starting or stopping: connect again"));
    if (live_.size() >= options_.sessions_max) {
      return new Refusal(error(Code::Exhausted, std::to_string(options_.sessions_max) + " executors hold a stream already, no more may"));
    }
    session = std::make_shared<Session>(++last_session_, context, shared_from_this(), options_.outgoing_bytes_max);
    live_.emplace(session->id(), session);
  }
  loop_.post([core = shared_from_this(), weak = std::weak_ptr(session)] {
    core->loop_.call_at(core->loop_.steady_now() + core->options_.hello_wait, [core, weak] {
      const auto silent = weak.lock();
      if (!silent || silent->said_hello()) return;
      silent->close(error(Code::Timeout, "no hello came within " + std::to_string(core->options_.hello_wait.count()) + " ms"));
      core->cut_off_later(silent);
    });
  });
  session->begin(session);
  return session.get();
}

void DirectDispatcher::Core::received(std::shared_ptr<Session> session, FromExecutor message, std::size_t bytes) {
  loop_.post([core = shared_from_this(), session = std::move(session), message = std::move(message), bytes]() mutable {
    core->handle(session, std::move(message));
    session->processed(bytes);
  });
}

void DirectDispatcher::Core::done(std::shared_ptr<Session> session) {
  {
    const std::scoped_lock lock(mutex_);
    live_.erase(session->id());
  }
  loop_.post([core = shared_from_this(), id = session->id()] { core->forget(id); });
}

void DirectDispatcher::Core::handle(const std::shared_ptr<Session>& session, FromExecutor message) {
  const ports::SessionId id = session->id();
  // Each handler may close the session or stop the dispatcher: what is left of the message is then dropped, and offered again.
  const auto wanted = [&] {
    const auto opened = sessions_.find(id);
    return running_ && opened != sessions_.end() && !opened->second.closing;
  };
  if (!running_) return;
  if (message.hello) {
    sessions_.emplace(id, Opened{.session = session});
    const SysTime now = handlers_.opened(id, *std::move(message.hello));
    say(id, [now](Session& opened) { opened.welcome(now); });
  }
  if (!message.started.empty() && wanted()) handlers_.started(id, std::move(message.started));
  if (!message.renewals.empty() && wanted()) handlers_.renewed(id, std::move(message.renewals));
  if (!message.ends.empty() && wanted()) handlers_.ended(id, std::move(message.ends));
  if (!message.handed_back.empty() && wanted()) handlers_.handed_back(id, std::move(message.handed_back));
  if (message.offer && wanted()) handlers_.offered(id, *std::move(message.offer));
  if (message.credits > 0 && wanted()) handlers_.granted(id, message.credits);
  if (message.time_question != 0 && wanted()) {
    say(id, [&](Session& opened) { opened.tell_time(message.time_question, handlers_.store_time()); });
  }
}

void DirectDispatcher::Core::forget(ports::SessionId id) {
  if (sessions_.erase(id) > 0 && running_) handlers_.closed(id);
}

template <class Say>
void DirectDispatcher::Core::say(ports::SessionId id, Say say_to) {
  const auto opened = sessions_.find(id);
  if (opened == sessions_.end() || opened->second.closing) return;
  say_to(*opened->second.session);
  if (std::exchange(opened->second.unflushed, true)) return;
  unflushed_.push_back(id);
  // One flush a turn: what the scheduler says in one turn goes out in one message.
  if (unflushed_.size() == 1) loop_.post([core = shared_from_this()] { core->flush(); });
}

void DirectDispatcher::Core::flush() {
  for (const auto id : std::exchange(unflushed_, {})) {
    const auto opened = sessions_.find(id);
    if (opened == sessions_.end()) continue;
    opened->second.unflushed = false;
    opened->second.session->flush();
  }
}

void DirectDispatcher::Core::close(ports::SessionId id, const Error& reason) {
  const auto opened = sessions_.find(id);
  if (opened == sessions_.end() || std::exchange(opened->second.closing, true)) return;
  opened->second.session->close(reason);
  cut_off_later(opened->second.session);
}

void DirectDispatcher::Core::cut_off_later(std::weak_ptr<Session> session) {
  loop_.call_at(loop_.steady_now() + options_.close_wait, [session = std::move(session)] {
    if (const auto stuck = session.lock()) stuck->cancel();
  });
}

void DirectDispatcher::Core::start(Handlers handlers) {
  handlers_ = std::move(handlers);
  running_ = true;
  const std::scoped_lock lock(mutex_);
  open_ = true;
}

void DirectDispatcher::Core::stop() {
  running_ = false;
  std::unordered_map<ports::SessionId, std::shared_ptr<Session>> live;
  {
    const std::scoped_lock lock(mutex_);
    open_ = false;
    live = live_;
  }
  for (const auto& [id, session] : live) {
    session->close(error(Code::Unavailable, "the scheduler is stopping"));
    cut_off_later(session);
  }
}

void DirectDispatcher::Core::release() {
  running_ = false;
  sessions_.clear();
  handlers_ = {};
}

class DirectDispatcher::Service final : public v1::ExecutorService::CallbackService {
 public:
  explicit Service(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  grpc::ServerBidiReactor<v1::FromExecutor, v1::ToExecutor>* Connect(grpc::CallbackServerContext* context) override {
    return core_->connect(*context);
  }

 private:
  std::shared_ptr<Core> core_;
};

DirectDispatcher::DirectDispatcher(ports::Loop& loop, Authorize authorize, Options options)
    : core_(std::make_shared<Core>(loop, std::move(authorize), options)), service_(std::make_unique<Service>(core_)) {}
DirectDispatcher::DirectDispatcher(ports::Loop& loop, Authorize authorize) : DirectDispatcher(loop, std::move(authorize), Options()) {}
DirectDispatcher::~DirectDispatcher() { core_->release(); }

grpc::Service& DirectDispatcher::service() { return *service_; }
void DirectDispatcher::start(Handlers handlers) { core_->start(std::move(handlers)); }
void DirectDispatcher::stop() { core_->stop(); }

void DirectDispatcher::send(ports::SessionId session, std::vector<ports::Run> runs) {
  core_->say(session, [&](Session& opened) { opened.add(runs); });
}
void DirectDispatcher::ask_cancel(ports::SessionId session, std::vector<ports::RunRef> runs) {
  core_->say(session, [&](Session& opened) { opened.add_cancel_asked(runs); });
}
void DirectDispatcher::answer_ends(ports::SessionId session, std::vector<ports::EndVerdict> verdicts) {
  core_->say(session, [&](Session& opened) { opened.add(verdicts); });
}
void DirectDispatcher::answer_renewals(ports::SessionId session, std::vector<ports::RenewVerdict> verdicts) {
  core_->say(session, [&](Session& opened) { opened.add(verdicts); });
}
void DirectDispatcher::close(ports::SessionId session, Error reason) { core_->close(session, reason); }

}  // namespace meepo::adapters::direct
