// Streams to schedulers: what a new one is told first, and what becomes of the runs of one that broke.

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "executor/impl.h"

namespace meepo::executor {

ports::RunSource::Handlers Executor::Impl::handlers() {
  return {
      .hello = [this](StreamId id) { return hello(id); },
      .opened = [this](StreamId id, SysTime store_now) { opened(id, store_now); },
      .runs = [this](StreamId id, std::vector<ports::Run> arrived) { runs(id, std::move(arrived)); },
      .cancel_asked = [this](StreamId, std::vector<ports::RunRef> asked) { cancel_asked(asked); },
      .end_verdicts = [this](StreamId, std::vector<ports::EndVerdict> verdicts) { end_verdicts(verdicts); },
      .renew_verdicts = [this](StreamId id, std::vector<ports::RenewVerdict> verdicts) { renew_verdicts(id, verdicts); },
      .store_time = [this](StreamId id, SteadyTime asked_at, ports::ExactTime store_now) { told_time(id, asked_at, store_now); },
      .closed = [this](StreamId id, Error reason) { closed(id, reason); },
  };
}

/// Names every run whose own stream is gone. A run that another stream took over meanwhile is named again: its own scheduler must not
/// think that it is not here. The runs that no living stream holds, lodgers too, become this one's, with their credits.
ports::ExecutorHello Executor::Impl::hello(StreamId id) {
  ports::ExecutorHello out{.instance = options_.instance,
                           .name = options_.name,
                           .target_keys = options_.target_keys,
                           .credits = 0,
                           .complete = streams_.empty(),
                           .running = {},
                           .ends = {}};
  std::uint32_t taken = 0;
  for (const auto& [token, run] : runs_) {
    auto& state = run->on_loop;
    if (streams_.contains(state.origin)) continue;
    // No more than its share of the credits; what is left goes on as a lodger.
    const bool adopted = (state.lodger || !streams_.contains(state.stream)) && (state.returned || taken < share_);
    if (adopted) {
      state.stream = id;
      state.lodger = false;
      state.credit_returned = state.returned;
      if (!state.returned) ++taken;
    }
    if (state.acknowledged) continue;
    if (state.end) {
      if (adopted) state.offered_on = id;
      out.ends.push_back(*state.end);
    } else {
      const bool started = says_started(*run);
      if (adopted && state.started) state.started_on = id;
      out.running.push_back({.run = state.ref, .started = started, .cancel_acknowledged = state.cancel_asked, .report = {}});
    }
  }
  const std::uint32_t credits = share_ - std::min(share_, taken);
  Stream& stream = streams_[id];
  stream.time_asked_at = loop_.steady_now();
  stream.offers = offers_;
  (takes_more() ? out.credits : stream.credits) = credits;
  return out;
}

void Executor::Impl::opened(StreamId id, SysTime store_now) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second.open = true;
  found->second.store_time = store_now;
  found->second.clock.emplace(store_now, loop_.steady_now()).observe(store_now, {}, loop_.steady_now());
  source_.ask_time(id, loop_.steady_now());  // the welcome is a little old, and rounded
  log::info("stream_opened", {{"stream", std::to_string(id)}});
  lodge(id);
  // What happened between the hello and its answer.
  if (found->second.offers != offers_) source_.offer(id, options_.target_keys);
  std::vector<RunPtr> own;
  for (const auto& [token, run] : runs_) {
    if (run->on_loop.stream == id) own.push_back(run);
  }
  for (const auto& run : own) {
    auto& state = run->on_loop;
    if (state.acknowledged) continue;
    if (state.end && state.offered_on != id) {
      offer_end(*run);
    } else if (state.held) {
      offer_renewal(*run);
    } else if (!state.end && state.started && state.started_on != id) {
      state.started_on = id;
      found->second.started.push_back(state.ref);
    }
  }
  end_turn();
}

void Executor::Impl::offer(std::vector<std::string> target_keys) {
  options_.target_keys = std::move(target_keys);
  ++offers_;
  for (const auto& [id, stream] : streams_) {
    if (stream.open) source_.offer(id, options_.target_keys);
  }
}

/// Two machines' steady clocks drift apart: what was told hours ago would be seconds off.
void Executor::Impl::told_time(StreamId id, SteadyTime asked_at, ports::ExactTime store_now) {
  Stream* stream = open_stream(id);
  if (stream == nullptr || asked_at < stream->time_asked_at || asked_at > loop_.steady_now()) return;
  stream->clock->observe(store_now, {}, loop_.steady_now());
  stream->time_asked_at = asked_at;
  stream->store_time = store_now;
}

void Executor::Impl::closed(StreamId id, const Error& reason) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  if (found->second.open) {
    log::write(stopping_ ? log::Level::Info : log::Level::Warn, "stream_closed",
               {{"stream", std::to_string(id)}, {"reason", reason.message}});
  } else {
    log::debug("stream_refused", {{"stream", std::to_string(id)}, {"reason", reason.message}});
  }
  streams_.erase(found);
  const auto open = std::ranges::find_if(streams_, [](const auto& entry) { return entry.second.open; });
  if (open != streams_.end()) lodge(open->first);
  end_turn();
}

void Executor::Impl::lodge(StreamId id) {
  std::vector<RunPtr> homeless;
  for (const auto& [token, run] : runs_) {
    if (!streams_.contains(run->on_loop.stream)) homeless.push_back(run);
  }
  for (const auto& run : homeless) {
    auto& state = run->on_loop;
    state.stream = id;
    state.lodger = true;
    if (state.acknowledged) continue;
    if (state.end) {
      offer_end(*run);
    } else {
      offer_renewal(*run);
    }
  }
}

Executor::Impl::Stream* Executor::Impl::open_stream(StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() || !found->second.open ? nullptr : &found->second;
}

}  // namespace meepo::executor
