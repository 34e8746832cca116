#include "adapters/direct/direct_source.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "adapters/direct/stream.h"

namespace meepo::adapters::direct {

/// Shared with streams and posted work, which may outlive the source by a moment.
class DirectSource::Core final : public StreamHost, public std::enable_shared_from_this<Core> {
 public:
  Core(Options options, ports::Loop& loop, ports::Random& random) : options_(std::move(options)), loop_(loop), random_(random) {
    for (auto& scheduler : std::exchange(options_.schedulers, {})) links_.emplace_back().scheduler = std::move(scheduler);
  }

  // gRPC's threads.
  void received(Stream& stream, ToExecutor message, std::size_t bytes) override;
  void done(StreamId id, Error reason) override;
  void appeared() override;
  void gone() override;

  // The loop.
  void start(Handlers handlers);
  void stop(milliseconds drain, std::move_only_function<void()> stopped);
  template <class Say>
  void say(StreamId id, Say say_to);

  /// Cuts everything off and waits for gRPC; no handler runs any more. The loop, or any thread once the loop has stopped.
  void abandon();

 private:
  struct Link {
    Scheduler scheduler;
    std::shared_ptr<grpc::Channel> channel;
    std::shared_ptr<Stream> stream;
    bool open = false;            ///< the scheduler accepted the hello
    bool unflushed = false;
    /// Some stream was open, and every one since was read to its end (a stream is over only then).
    bool complete = false;
    int failures = 0;             ///< in a row
    ports::Loop::TimerId timer = 0;  ///< for the welcome, or until the next try
  };

  Link* find(StreamId id);
  void connect(Link& link);
  void handle(StreamId id, ToExecutor message);
  void closed(StreamId id, Error reason);
  milliseconds back_off(int failures);
  void flush();
  void finish_stop_if_over();

  Options options_;  // its schedulers are in links_
  ports::Loop& loop_;
  ports::Random& random_;

  std::mutex mutex_;  // guards the two below
  std::size_t present_ = 0;  ///< streams not destroyed yet
  bool abandoned_ = false;
  std::condition_variable over_;

  // The loop's.
  std::vector<Link> links_;  // never grows: timers refer to its places
  Handlers handlers_;
  StreamId last_stream_ = 0;
  bool flush_posted_ = false;
  bool stopping_ = false;
  bool stopped_ = false;
  std::move_only_function<void()> when_stopped_;
};

// Work that is posted keeps no stream alive: abandon() waits for the streams' end, perhaps on the loop itself.

void DirectSource::Core::received(Stream& stream, ToExecutor message, std::size_t bytes) {
  loop_.post([core = shared_from_this(), id = stream.id(), weak = stream.weak_from_this(), message = std::move(message), bytes]() mutable {
    core->handle(id, std::move(message));
    if (const auto alive = weak.lock()) alive->processed(bytes);
  });
}

void DirectSource::Core::done(StreamId id, Error reason) {
  {
    const std::scoped_lock lock(mutex_);
    if (abandoned_) return;
  }
  loop_.post([core = shared_from_this(), id, reason = std::move(reason)]() mutable { core->closed(id, std::move(reason)); });
}

void DirectSource::Core::appeared() {
  const std::scoped_lock lock(mutex_);
  ++present_;
}

void DirectSource::Core::gone() {
  const std::scoped_lock lock(mutex_);
  --present_;
  over_.notify_all();
}

void DirectSource::Core::start(Handlers handlers) {
  handlers_ = std::move(handlers);
  for (auto& link : links_) connect(link);
}

void DirectSource::Core::connect(Link& link) {
  link.timer = 0;
  if (stopped_) return;
  if (!link.channel) link.channel = link.scheduler.channel();
  const StreamId id = ++last_stream_;
  auto hello = handlers_.hello(id);
  hello.complete = hello.complete && link.complete;
  link.open = false;
  link.stream = std::make_shared<Stream>(id, link.channel, shared_from_this(), options_.outgoing_bytes_max);
  link.timer = loop_.call_at(loop_.steady_now() + options_.welcome_wait, [core = shared_from_this(), &link, id] {
    if (core->stopped_ || !link.stream || link.stream->id() != id) return;
    link.timer = 0;
    link.stream->cancel({.code = Code::Timeout,
                         .message = "no answer to the hello within " + std::to_string(core->options_.welcome_wait.count()) + " ms",
                         .field = {},
                         .cause = {}});
  });
  link.stream->begin(link.stream, hello, options_.token);
}

DirectSource::Core::Link* DirectSource::Core::find(StreamId id) {
  const auto link = std::ranges::find_if(links_, [id](const Link& each) { return each.stream && each.stream->id() == id; });
  return link == links_.end() ? nullptr : &*link;
}

void DirectSource::Core::handle(StreamId id, ToExecutor message) {
  Link* const link = find(id);
  if (stopped_ || link == nullptr) return;
  if (message.welcome) {
    link->open = true;
    link->complete = true;
    link->failures = 0;
    loop_.cancel_timer(std::exchange(link->timer, 0));
    handlers_.opened(id, *message.welcome);
  }
  if (message.store_time && !stopped_) {
    const std::chrono::nanoseconds asked_at(static_cast<std::int64_t>(message.store_time->question));
    handlers_.store_time(id, SteadyTime(asked_at), message.store_time->now);
  }
  if (!message.end_verdicts.empty() && !stopped_) handlers_.end_verdicts(id, std::move(message.end_verdicts));
  if (!message.renew_verdicts.empty() && !stopped_) handlers_.renew_verdicts(id, std::move(message.renew_verdicts));
  if (!message.runs.empty() && !stopped_) handlers_.runs(id, std::move(message.runs));
  if (!message.cancel_asked.empty() && !stopped_) handlers_.cancel_asked(id, std::move(message.cancel_asked));
}

void DirectSource::Core::closed(StreamId id, Error reason) {
  Link* const link = find(id);
  if (stopped_ || link == nullptr) return;
  loop_.cancel_timer(std::exchange(link->timer, 0));
  link->stream.reset();
  link->open = false;
  link->unflushed = false;
  handlers_.closed(id, std::move(reason).prefixed("the stream to " + link->scheduler.address));
  if (stopping_) {
    finish_stop_if_over();
    return;
  }
  link->timer = loop_.call_at(loop_.steady_now() + back_off(++link->failures), [core = shared_from_this(), link] { core->connect(*link); });
}

milliseconds DirectSource::Core::back_off(int failures) {
  const auto doubled = options_.back_off_min * (std::int64_t{1} << std::min(failures, 20));
  const auto most = std::min<milliseconds>(doubled, options_.back_off_max);
  // Half of it is drawn, so that executors that lost one scheduler together do not come back together.
  const auto half = most / 2;
  const auto drawn = milliseconds(static_cast<std::int64_t>(random_.next() % static_cast<std::uint64_t>(half.count() + 1)));
  return std::max(options_.back_off_min, most - half + drawn);
}

template <class Say>
void DirectSource::Core::say(StreamId id, Say say_to) {
  Link* const link = find(id);
  if (link == nullptr || !link->open) return;
  say_to(*link->stream);
  link->unflushed = true;
  // One flush a turn: what the executor says in one turn goes out in one message.
  if (std::exchange(flush_posted_, true)) return;
  loop_.post([core = shared_from_this()] { core->flush(); });
}

void DirectSource::Core::flush() {
  flush_posted_ = false;
  for (auto& link : links_) {
    if (std::exchange(link.unflushed, false) && link.stream) link.stream->flush();
  }
}

void DirectSource::Core::stop(milliseconds drain, std::move_only_function<void()> when_stopped) {
  when_stopped_ = std::move(when_stopped);
  if (std::exchange(stopping_, true)) return;
  for (auto& link : links_) {
    loop_.cancel_timer(std::exchange(link.timer, 0));
    if (!link.stream) continue;
    if (link.open) {
      link.stream->drain();
    } else {
      link.stream->cancel({.code = Code::Unavailable, .message = "the executor is stopping", .field = {}, .cause = {}});
    }
  }
  loop_.call_at(loop_.steady_now() + drain, [weak = weak_from_this()] {
    const auto core = weak.lock();
    if (!core || core->stopped_) return;
    for (auto& link : core->links_) {
      if (link.stream) link.stream->cancel({.code = Code::Timeout, .message = "the executor is stopping", .field = {}, .cause = {}});
    }
  });
  loop_.post([core = shared_from_this()] { core->finish_stop_if_over(); });
}

void DirectSource::Core::finish_stop_if_over() {
  if (stopped_ || std::ranges::any_of(links_, [](const Link& link) { return link.stream != nullptr; })) return;
  stopped_ = true;
  if (when_stopped_) std::exchange(when_stopped_, nullptr)();
}

void DirectSource::Core::abandon() {
  stopped_ = true;
  {
    const std::scoped_lock lock(mutex_);
    abandoned_ = true;
  }
  for (auto& link : links_) {
    if (link.stream) link.stream->abandon();
    link.stream.reset();
  }
  {
    std::unique_lock lock(mutex_);
    over_.wait(lock, [this] { return present_ == 0; });
  }
  // Here, on no thread of gRPC's: see StreamHost.
  for (auto& link : links_) {
    link.channel.reset();
    link.scheduler.channel = nullptr;
  }
  handlers_ = {};
}

DirectSource::DirectSource(Options options, ports::Loop& loop, ports::Random& random)
    : core_(std::make_shared<Core>(std::move(options), loop, random)) {}
DirectSource::~DirectSource() { core_->abandon(); }

void DirectSource::start(Handlers handlers) { core_->start(std::move(handlers)); }
void DirectSource::stop(milliseconds drain, std::move_only_function<void()> done) { core_->stop(drain, std::move(done)); }
void DirectSource::grant(StreamId stream, std::uint32_t credits) {
  core_->say(stream, [&](Stream& open) { open.add_credits(credits); });
}
void DirectSource::offer(StreamId stream, std::vector<std::string> target_keys) {
  core_->say(stream, [&](Stream& open) { open.set_offer(target_keys); });
}
void DirectSource::report_started(StreamId stream, std::vector<ports::RunRef> runs) {
  core_->say(stream, [&](Stream& open) { open.add_started(runs); });
}
void DirectSource::renew(StreamId stream, std::vector<ports::RunRenewal> runs) {
  core_->say(stream, [&](Stream& open) { open.add(runs); });
}
void DirectSource::report_ends(StreamId stream, std::vector<ports::RunEnd> ends) {
  core_->say(stream, [&](Stream& open) { open.add(ends); });
}
void DirectSource::hand_back(StreamId stream, std::vector<ports::RunRef> runs) {
  core_->say(stream, [&](Stream& open) { open.add_handed_back(runs); });
}
void DirectSource::ask_time(StreamId stream, SteadyTime asked_at) {
  core_->say(stream, [&](Stream& open) { open.ask_time(static_cast<std::uint64_t>(asked_at.time_since_epoch().count())); });
}

}  // namespace meepo::adapters::direct
