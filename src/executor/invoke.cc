// Targets are called: into the invoker, and back.

#include <string>
#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "executor/impl.h"

namespace meepo::executor {
namespace {

ports::InvokeResult refused(std::string error) { return {.outcome = Outcome::Fail, .result = std::nullopt, .error = std::move(error)}; }

/// A result that could not be reported ends the attempt Fail instead.
ports::InvokeResult checked(ports::InvokeResult result) {
  if (result.result && result.result->data.size() > limits::kPayloadBytesMax) {
    return refused("the result has " + std::to_string(result.result->data.size()) + " bytes, at most " +
                   std::to_string(limits::kPayloadBytesMax) + " are kept");
  }
  if (result.result && result.result->encoding == Encoding::Json && !is_utf8(result.result->data)) {
    return refused("the result is no JSON: it is not valid UTF-8");
  }
  return result;
}

std::string_view explain(ActiveRun::Reason reason) {
  switch (reason) {
    case ActiveRun::Reason::None: return "the handler stopped without having been asked to";
    case ActiveRun::Reason::LeaseEnding: return "stopped: its lease could not be renewed";
    case ActiveRun::Reason::Lost: return "stopped: another attempt took its place";
    case ActiveRun::Reason::ShuttingDown: return "stopped: the executor was shut down";
  }
  return {};
}

}  // namespace

void Executor::Impl::begin(const RunPtr& run) {
  auto& state = run->on_loop;
  const Stream* stream = open_stream(state.stream);
  if (state.run.not_before && stream != nullptr) {
    const SteadyTime at = stream->clock->steady_at(*state.run.not_before);
    if (at > loop_.steady_now()) {
      state.begin_at = at;
      watch(*run);
      return;
    }
  }
  invoke(run);
}

void Executor::Impl::invoke(const RunPtr& run) {
  auto& state = run->on_loop;
  ports::Invocation invocation{.target = std::move(state.run.target), .app_id = std::move(state.run.app_id), .context = run};
  invoker_.invoke(
      std::move(invocation), [inbox = inbox_, run] { inbox->started(run); },
      [inbox = inbox_, run](ports::InvokeResult result) { inbox->done(run, std::move(result)); });
}

void Executor::Impl::invoker_said(std::vector<InvokerEvent> events) {
  const bool traced = log::enabled(log::Level::Debug);
  for (auto& event : events) {
    auto& state = event.run->on_loop;
    if (event.result) {
      target_returned(*event.run, *std::move(event.result));
    } else {
      if (traced) log::debug("invoke", {{"firing", state.ref.id.text()}});
      state.started = true;
      state.timeout_at = event.at + state.run.timeout;
    }
  }
  // A run that started and ended in this batch needs neither a report of its start nor a watch.
  for (const auto& event : events) {
    auto& state = event.run->on_loop;
    if (event.result || state.returned || state.end) continue;
    watch(*event.run);
    if (Stream* stream = open_stream(state.stream)) {
      state.started_on = state.stream;
      stream->started.push_back(state.ref);
    }
  }
  end_turn();
}

void Executor::Impl::target_returned(ActiveRun& run, ports::InvokeResult result) {
  auto& state = run.on_loop;
  if (std::exchange(state.returned, true)) return;
  --occupied_;
  if (state.withdrawn) --withdrawn_;
  if (state.end || state.acknowledged) {
    settle(run);
    return;
  }
  result = checked(std::move(result));
  if (result.outcome == Outcome::Stopped && !state.cancel_asked) {
    // Only a firing that was asked to stop ends STOPPED; this one failed, so that its retry policy decides.
    result.outcome = Outcome::Fail;
    result.error = std::string(explain(state.reason)) + (result.error.empty() ? "" : ": ") + result.error;
  } else if (result.outcome != Outcome::Success && result.outcome != Outcome::Stopped) {
    result.outcome = Outcome::Fail;
  }
  end(run, result.outcome, std::move(result.result), std::move(result.error));
}

bool Executor::Impl::withdraw(ActiveRun& run) {
  auto& state = run.on_loop;
  if (state.withdrawn) return true;
  if (state.returned || !run.withdraw()) return false;
  state.withdrawn = true;
  if (state.held || state.begin_at != SteadyTime::max()) {
    // The invoker never had it.
    state.begin_at = SteadyTime::max();
    state.returned = true;
    --occupied_;
  } else {
    ++withdrawn_;
  }
  return true;
}

}  // namespace meepo::executor
