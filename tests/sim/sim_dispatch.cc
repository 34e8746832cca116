#include "sim/sim_dispatch.h"

namespace meepo::test {

SimDispatcher::~SimDispatcher() { stop(); }

void SimDispatcher::start(Handlers handlers) {
  handlers_ = std::move(handlers);
  listening_ = true;
}

void SimDispatcher::stop() {
  listening_ = false;
  alive_ = std::make_shared<bool>(true);
  for (auto& [session, source] : std::exchange(sessions_, {})) {
    source->closed_by_scheduler({.code = Code::Unavailable, .message = "the scheduler stopped", .field = {}, .cause = {}});
  }
}

ports::SessionId SimDispatcher::accept(SimSource& source) {
  const ports::SessionId session = ++last_session_;
  sessions_[session] = &source;
  return session;
}

void SimDispatcher::hang_up(ports::SessionId session) {
  if (sessions_.erase(session) == 0) return;
  loop_.post([this, session, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) handlers_.closed(session);
  });
}

template <class Call>
void SimDispatcher::to_executor(ports::SessionId session, Call call) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  SimSource* source = found->second;
  loop_.call_at(loop_.steady_now() + delay_, [source, session, alive = std::weak_ptr(source->alive_), call = std::move(call)]() mutable {
    if (!alive.expired() && source->session_ == session) call(*source);
  });
}

void SimDispatcher::send(ports::SessionId session, std::vector<ports::Run> runs) {
  to_executor(session, [runs = std::move(runs)](SimSource& source) mutable { source.handlers_.runs(source.stream_, std::move(runs)); });
}
void SimDispatcher::ask_cancel(ports::SessionId session, std::vector<ports::RunRef> runs) {
  to_executor(session,
              [runs = std::move(runs)](SimSource& source) mutable { source.handlers_.cancel_asked(source.stream_, std::move(runs)); });
}
void SimDispatcher::answer_ends(ports::SessionId session, std::vector<ports::EndVerdict> verdicts) {
  to_executor(session, [verdicts = std::move(verdicts)](SimSource& source) mutable {
    source.handlers_.end_verdicts(source.stream_, std::move(verdicts));
  });
}
void SimDispatcher::answer_renewals(ports::SessionId session, std::vector<ports::RenewVerdict> verdicts) {
  to_executor(session, [verdicts = std::move(verdicts)](SimSource& source) mutable {
    source.handlers_.renew_verdicts(source.stream_, std::move(verdicts));
  });
}
void SimDispatcher::close(ports::SessionId session, Error reason) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  SimSource* source = found->second;
  sessions_.erase(found);
  source->closed_by_scheduler(reason);
}

SimSource::~SimSource() {
  if (session_ != 0 && dispatcher_ != nullptr) dispatcher_->hang_up(session_);
}

void SimSource::start(Handlers handlers) {
  handlers_ = std::move(handlers);
  started_ = true;
  connect();
}

void SimSource::connect() {
  if (!started_ || session_ != 0) return;
  if (dispatcher_ == nullptr || !dispatcher_->listening()) {
    connect_later();
    return;
  }
  session_ = dispatcher_->accept(*this);
  ++stream_;
  ports::ExecutorHello hello = handlers_.hello(stream_);
  hello.complete = hello.complete && had_stream_;
  had_stream_ = true;
  to_scheduler([hello = std::move(hello)](SimDispatcher& scheduler, ports::SessionId session) mutable {
    scheduler.handlers_.opened(session, std::move(hello));
  });
  const ports::SessionId session = session_;
  loop_.call_at(loop_.steady_now() + 2 * dispatcher_->delay_, [this, session, alive = std::weak_ptr(alive_)] {
    if (!alive.expired() && session_ == session) handlers_.opened(stream_, loop_.system_now());
  });
}

void SimSource::connect_later() {
  loop_.call_at(loop_.steady_now() + kReconnect, [this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) connect();
  });
}

void SimSource::stop(milliseconds, std::move_only_function<void()> done) {
  started_ = false;
  if (session_ == 0 || dispatcher_ == nullptr) {
    loop_.post(std::move(done));
    return;
  }
  // What was said before arrives.
  loop_.call_at(loop_.steady_now() + dispatcher_->delay_, [this, alive = std::weak_ptr(alive_), done = std::move(done)]() mutable {
    if (alive.expired()) return;
    if (session_ != 0 && dispatcher_ != nullptr) dispatcher_->hang_up(std::exchange(session_, 0));
    done();
  });
}

void SimSource::cut() {
  if (session_ == 0) return;
  if (dispatcher_ != nullptr) dispatcher_->hang_up(session_);
  closed_by_scheduler({.code = Code::Unavailable, .message = "the connection broke", .field = {}, .cause = {}});
}

void SimSource::closed_by_scheduler(const Error& reason) {
  session_ = 0;
  loop_.post([this, stream = stream_, reason, alive = std::weak_ptr(alive_)] {
    if (alive.expired() || !started_) return;
    handlers_.closed(stream, reason);
    connect_later();
  });
}

template <class Call>
void SimSource::to_scheduler(Call call) {
  if (session_ == 0 || dispatcher_ == nullptr) return;
  SimDispatcher* scheduler = dispatcher_;
  loop_.call_at(loop_.steady_now() + scheduler->delay_,
                [scheduler, session = session_, alive = std::weak_ptr(scheduler->alive_), call = std::move(call)]() mutable {
                  if (!alive.expired() && scheduler->sessions_.contains(session)) call(*scheduler, session);
                });
}

void SimSource::grant(StreamId, std::uint32_t credits) {
  to_scheduler([credits](SimDispatcher& scheduler, ports::SessionId session) { scheduler.handlers_.granted(session, credits); });
}
void SimSource::offer(StreamId, std::vector<std::string> target_keys) {
  to_scheduler([target_keys = std::move(target_keys)](SimDispatcher& scheduler, ports::SessionId session) {
    scheduler.handlers_.offered(session, target_keys);
  });
}
void SimSource::report_started(StreamId, std::vector<ports::RunRef> runs) {
  to_scheduler([runs = std::move(runs)](SimDispatcher& scheduler, ports::SessionId session) mutable {
    scheduler.handlers_.started(session, std::move(runs));
  });
}
void SimSource::renew(StreamId, std::vector<ports::RunRenewal> runs) {
  to_scheduler([runs = std::move(runs)](SimDispatcher& scheduler, ports::SessionId session) mutable {
    scheduler.handlers_.renewed(session, std::move(runs));
  });
}
void SimSource::report_ends(StreamId, std::vector<ports::RunEnd> ends) {
  to_scheduler([ends = std::move(ends)](SimDispatcher& scheduler, ports::SessionId session) mutable {
    scheduler.handlers_.ended(session, std::move(ends));
  });
}
void SimSource::ask_time(StreamId, SteadyTime asked_at) {
  to_scheduler([asked_at](SimDispatcher& scheduler, ports::SessionId session) {
    scheduler.to_executor(session, [asked_at, now = scheduler.handlers_.store_time()](SimSource& source) {
      source.handlers_.store_time(source.stream_, asked_at, now);
    });
  });
}
void SimSource::hand_back(StreamId, std::vector<ports::RunRef> runs) {
  to_scheduler([runs = std::move(runs)](SimDispatcher& scheduler, ports::SessionId session) mutable {
    scheduler.handlers_.handed_back(session, std::move(runs));
  });
}

}  // namespace meepo::test
