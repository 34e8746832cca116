#include "sim/faults/network.h"

#include <algorithm>

namespace meepo::test {

namespace {

Error broke(std::string message) { return {.code = Code::Unavailable, .message = std::move(message), .field = {}, .cause = {}}; }

}  // namespace

// ---- Network ------------------------------------------------------------------------------------------------------------------

ConnectionPtr Network::find(std::size_t executor, std::size_t scheduler) {
  for (const auto& connection : connections_) {
    if (connection->executor == executor && connection->scheduler == scheduler && !connection->broken && !connection->silent) {
      return connection;
    }
  }
  return nullptr;
}

bool Network::cut(std::size_t executor, std::size_t scheduler) {
  const auto connection = find(executor, scheduler);
  if (connection) break_off(connection, broke("the connection was cut"));
  return connection != nullptr;
}

bool Network::fall_silent(std::size_t executor, std::size_t scheduler, milliseconds until_noticed) {
  const auto connection = find(executor, scheduler);
  if (!connection) return false;
  connection->silent = true;
  base_.call_at(base_.steady_now() + until_noticed, [this, connection] { break_off(connection, broke("the connection was silent")); });
  return true;
}

SteadyTime Network::arrival(SteadyTime& last) {
  const auto most = static_cast<std::uint64_t>(std::chrono::microseconds(delay_most_).count());
  const auto delay = std::chrono::microseconds(100 + random_.next() % most);
  last = std::max(last, base_.steady_now() + delay);
  return last;
}

bool Network::twice(bool repeatable) {
  const bool repeat = repeats_ && repeatable && random_.next() % 3 == 0;
  if (repeat) ++repeated_;
  return repeat;
}

void Network::to_scheduler(const ConnectionPtr& connection, Up message, bool repeatable) {
  for (int copy = twice(repeatable) ? 2 : 1; copy > 0; --copy) {
    base_.call_at(arrival(connection->last_up), [connection, message] {
      if (connection->broken || connection->silent || connection->dispatcher.expired()) return;
      connection->scheduler_loop->post([connection, message] {
        if (const auto end = connection->dispatcher.lock()) message(**end, connection->session);
      });
    });
  }
}

void Network::to_executor(const ConnectionPtr& connection, Down message, bool repeatable) {
  for (int copy = twice(repeatable) ? 2 : 1; copy > 0; --copy) {
    base_.call_at(arrival(connection->last_down), [connection, message] {
      if (connection->broken || connection->silent || connection->source.expired()) return;
      connection->executor_loop->post([connection, message] {
        if (const auto end = connection->source.lock()) message(**end);
      });
    });
  }
}

/// What is under way is lost; each end that is still there hears of it after what it had received before.
void Network::break_off(const ConnectionPtr& connection, const Error& reason) {
  if (std::exchange(connection->broken, true)) return;
  std::erase(connections_, connection);
  base_.call_at(arrival(connection->last_up), [connection] {
    if (connection->dispatcher.expired()) return;
    connection->scheduler_loop->post([connection] {
      if (const auto end = connection->dispatcher.lock()) (*end)->heard_break(connection->session);
    });
  });
  base_.call_at(arrival(connection->last_down), [connection, reason] {
    if (connection->source.expired()) return;
    connection->executor_loop->post([connection, reason] {
      if (const auto end = connection->source.lock()) (*end)->heard_break(connection, reason);
    });
  });
}

// ---- the scheduler's end ------------------------------------------------------------------------------------------------------

void NetDispatcher::start(Handlers handlers) {
  handlers_ = std::move(handlers);
  self_ = std::make_shared<NetDispatcher*>(this);
  network_.dispatchers_[scheduler_] = self_;
}

void NetDispatcher::stop() {
  if (!self_) return;
  self_.reset();
  sessions_.clear();
  const auto all = network_.connections_;
  for (const auto& connection : all) {
    if (connection->scheduler == scheduler_ && connection->dispatcher.expired())
      network_.break_off(connection, broke("the scheduler is gone"));
  }
}

void NetDispatcher::heard_hello(const ConnectionPtr& connection, ports::ExecutorHello hello) {
  sessions_[connection->session] = connection;
  const SysTime now = handlers_.opened(connection->session, std::move(hello));
  say(
      connection->session,
      [connection, now](NetSource& source) {
        const auto& slot = source.slots_[connection->scheduler];
        if (slot.connection == connection) source.handlers_.opened(connection->stream, now);
      },
      false);
}

void NetDispatcher::heard_break(ports::SessionId session) {
  if (sessions_.erase(session) > 0) handlers_.closed(session);
}

void NetDispatcher::say(ports::SessionId session, Network::Down message, bool repeatable) {
  const auto found = sessions_.find(session);
  if (found != sessions_.end()) network_.to_executor(found->second, std::move(message), repeatable);
}

void NetDispatcher::send(ports::SessionId session, std::vector<ports::Run> runs) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  say(session, [stream = found->second->stream, runs = std::move(runs)](NetSource& source) { source.handlers_.runs(stream, runs); });
}
void NetDispatcher::ask_cancel(ports::SessionId session, std::vector<ports::RunRef> runs) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  say(session,
      [stream = found->second->stream, runs = std::move(runs)](NetSource& source) { source.handlers_.cancel_asked(stream, runs); });
}
void NetDispatcher::answer_ends(ports::SessionId session, std::vector<ports::EndVerdict> verdicts) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  say(session, [stream = found->second->stream, verdicts = std::move(verdicts)](NetSource& source) {
    source.handlers_.end_verdicts(stream, verdicts);
  });
}
void NetDispatcher::answer_renewals(ports::SessionId session, std::vector<ports::RenewVerdict> verdicts) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  say(session, [stream = found->second->stream, verdicts = std::move(verdicts)](NetSource& source) {
    source.handlers_.renew_verdicts(stream, verdicts);
  });
}
void NetDispatcher::close(ports::SessionId session, Error reason) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  const auto connection = found->second;
  sessions_.erase(found);
  network_.break_off(connection, reason);
}

// ---- the executor's end -------------------------------------------------------------------------------------------------------

void NetSource::start(Handlers handlers) {
  handlers_ = std::move(handlers);
  started_ = true;
  slots_.resize(network_.dispatchers_.size());
  for (std::size_t scheduler = 0; scheduler < slots_.size(); ++scheduler) connect(scheduler);
}

void NetSource::connect(std::size_t scheduler) {
  Slot& slot = slots_[scheduler];
  if (!started_ || slot.connection) return;
  const auto& listener = network_.dispatchers_[scheduler];
  const auto dispatcher = listener.lock();
  if (!dispatcher) {
    connect_later(scheduler);
    return;
  }
  slot.connection = std::make_shared<Connection>(Connection{.session = ++network_.last_session_,
                                                            .scheduler = scheduler,
                                                            .executor = executor_,
                                                            .dispatcher = listener,
                                                            .source = self_,
                                                            .scheduler_loop = &(*dispatcher)->loop_,
                                                            .executor_loop = &loop_,
                                                            .stream = ++last_stream_,
                                                            .last_up = {},
                                                            .last_down = {}});
  network_.connections_.push_back(slot.connection);
  ports::ExecutorHello hello = handlers_.hello(slot.connection->stream);
  hello.complete = hello.complete && slot.had_stream;
  slot.had_stream = true;
  network_.to_scheduler(
      slot.connection,
      [connection = slot.connection, hello = std::move(hello)](NetDispatcher& end, ports::SessionId) {
        end.heard_hello(connection, hello);
      },
      false);
}

void NetSource::connect_later(std::size_t scheduler) {
  loop_.call_at(loop_.steady_now() + kReconnect, [this, scheduler, alive = std::weak_ptr(self_)] {
    if (!alive.expired()) connect(scheduler);
  });
}

void NetSource::heard_break(const ConnectionPtr& connection, const Error& reason) {
  Slot& slot = slots_[connection->scheduler];
  if (slot.connection != connection) return;
  slot.connection.reset();
  if (!started_) return;
  handlers_.closed(connection->stream, reason);
  connect_later(connection->scheduler);
}

void NetSource::hang_up() {
  started_ = false;
  self_.reset();
  for (auto& slot : slots_) {
    if (const auto connection = std::exchange(slot.connection, nullptr)) network_.break_off(connection, broke("the executor is gone"));
  }
}

void NetSource::stop(milliseconds, std::move_only_function<void()> done) {
  hang_up();
  loop_.post(std::move(done));
}

void NetSource::say(StreamId stream, Network::Up message, bool repeatable) {
  // What comes after the scheduler has closed the session is not heard.
  const auto heard = [message = std::move(message)](NetDispatcher& end, ports::SessionId session) {
    if (end.sessions_.contains(session)) message(end, session);
  };
  for (const auto& slot : slots_) {
    if (slot.connection && slot.connection->stream == stream) network_.to_scheduler(slot.connection, heard, repeatable);
  }
}

void NetSource::grant(StreamId stream, std::uint32_t credits) {
  say(stream, [credits](NetDispatcher& end, ports::SessionId session) { end.handlers_.granted(session, credits); }, false);
}
void NetSource::offer(StreamId stream, std::vector<std::string> target_keys) {
  say(
      stream,
      [target_keys = std::move(target_keys)](NetDispatcher& end, ports::SessionId session) { end.handlers_.offered(session, target_keys); },
      false);
}
void NetSource::report_started(StreamId stream, std::vector<ports::RunRef> runs) {
  say(stream, [runs = std::move(runs)](NetDispatcher& end, ports::SessionId session) { end.handlers_.started(session, runs); });
}
void NetSource::renew(StreamId stream, std::vector<ports::RunRenewal> runs) {
  say(stream, [runs = std::move(runs)](NetDispatcher& end, ports::SessionId session) { end.handlers_.renewed(session, runs); });
}
void NetSource::report_ends(StreamId stream, std::vector<ports::RunEnd> ends) {
  say(stream, [ends = std::move(ends)](NetDispatcher& end, ports::SessionId session) { end.handlers_.ended(session, ends); });
}
void NetSource::ask_time(StreamId stream, SteadyTime asked_at) {
  say(stream, [stream, asked_at](NetDispatcher& end, ports::SessionId session) {
    end.say(session, [stream, asked_at, now = end.handlers_.store_time()](NetSource& source) {
      source.handlers_.store_time(stream, asked_at, now);
    });
  });
}
void NetSource::hand_back(StreamId stream, std::vector<ports::RunRef> runs) {
  say(stream, [runs = std::move(runs)](NetDispatcher& end, ports::SessionId session) { end.handlers_.handed_back(session, runs); });
}

}  // namespace meepo::test
