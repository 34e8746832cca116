// What goes out: ends until they are acknowledged, renewals, credits.

#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "executor/impl.h"
#include "executor/kept_text.h"

namespace meepo::executor {
namespace {

/// Ends that no scheduler has acknowledged, in memory: at this size no more runs are taken.
constexpr std::size_t kEndsKeptBytesMax = std::size_t{256} << 20U;

std::size_t size_of(const ports::RunEnd& end) {
  return sizeof(end) + end.error.size() + end.report.log.size() + (end.result ? end.result->data.size() : 0);
}

}  // namespace

void Executor::Impl::end(ActiveRun& run, Outcome outcome, std::optional<Payload> result, std::string error) {
  auto& state = run.on_loop;
  if (log::enabled(log::Level::Debug)) {
    log::debug("end", {{"firing", state.ref.id.text()}, {"outcome", std::string(to_string(outcome))}});
  }
  unwatch(run);
  state.end = ports::RunEnd{.run = state.ref,
                            .outcome = outcome,
                            .result = std::move(result),
                            .error = kept_text(std::move(error), limits::kErrorBytesKept),
                            .report = run.take_report()};
  ++ends_kept_;
  ends_kept_bytes_ += size_of(*state.end);
  offer_end(run);
}

void Executor::Impl::offer_end(ActiveRun& run) {
  auto& state = run.on_loop;
  if (Stream* stream = open_stream(state.stream)) {
    state.offered_on = state.stream;
    stream->ends.push_back(*state.end);
  }
  settle(run);
}

void Executor::Impl::offer_renewal(ActiveRun& run) {
  auto& state = run.on_loop;
  Stream* stream = open_stream(state.stream);
  if (stream == nullptr) return;
  stream->renewals.push_back(
      {.run = state.ref, .started = says_started(run), .cancel_acknowledged = state.cancel_asked, .report = run.take_report()});
}

void Executor::Impl::acknowledge(ActiveRun& run) {
  auto& state = run.on_loop;
  if (std::exchange(state.acknowledged, true)) return;
  unwatch(run);
  if (state.end) {
    --ends_kept_;
    ends_kept_bytes_ -= size_of(*state.end);
    state.end->result.reset();
  }
  settle(run);
}

void Executor::Impl::settle(ActiveRun& run) {
  auto& state = run.on_loop;
  if (!state.returned) return;
  const auto stream = streams_.find(state.stream);
  const bool handed_over = state.acknowledged || state.offered_on == state.stream;
  if (stream == streams_.end() || state.lodger) {
    state.credit_returned = true;  // it went with the stream
  } else if (handed_over && !std::exchange(state.credit_returned, true)) {
    ++stream->second.credits;
  }
  if (state.acknowledged) runs_.erase(RunToken(state.ref.token));
}

bool Executor::Impl::takes_more() const { return !stopping_ && ends_kept_ < limits::kEndsKeptMax && ends_kept_bytes_ < kEndsKeptBytesMax; }

void Executor::Impl::end_turn() {
  let_next_suspect();
  const bool grants = takes_more();
  for (auto& [id, stream] : streams_) {
    if (!stream.open) continue;
    if (!stream.started.empty()) source_.report_started(id, std::exchange(stream.started, {}));
    if (!stream.renewals.empty()) source_.renew(id, std::exchange(stream.renewals, {}));
    if (!stream.ends.empty()) source_.report_ends(id, std::exchange(stream.ends, {}));
    if (!stream.handed_back.empty()) source_.hand_back(id, std::exchange(stream.handed_back, {}));
    if (grants && stream.credits > 0) source_.grant(id, std::exchange(stream.credits, 0));
  }
  arm_timer();
  if (stopping_ && !finishing_ && occupied_ == withdrawn_ && ends_kept_ == 0) finish_stop();
}

}  // namespace meepo::executor
