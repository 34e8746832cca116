#include "api/calls/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "convert/convert.h"
#include "schedule/zone.h"

namespace meepo::api {
namespace {

std::string span(milliseconds time) {
  const auto ms = time.count();
  if (ms < 1'000) return fmt::format("{} ms", ms);
  if (ms < 120'000) return fmt::format("{}.{:03} s", ms / 1'000, ms % 1'000);
  const auto seconds = ms / 1'000;
  if (seconds < 7'200) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3'600, seconds / 60 % 60);
}

class Explanation {
 public:
  explicit Explanation(const Evidence& evidence) : e_(evidence), zone_(evidence.view.task->spec.options.zone) {}

  v1::WhyResponse answer() {
    if (!e_.tick) return no_tick();
    out_.set_tick(e_.tick->tick.text());
    *out_.mutable_due() = convert::to_proto(e_.tick->due);
    detail(e_.tick->due, "due");
    const auto* row = find_row();
    if (row == nullptr) return without_row();
    convert::to_proto(*row, *out_.mutable_row());
    if (row->range) return range(*row);
    return firing(*row);
  }

 private:
  std::string at(SysTime time) const { return schedule::to_iso_in_zone(time, zone_); }
  std::string target() const { return target_label(e_.view.task->spec.target); }
  void detail(SysTime time, std::string_view what) { out_.add_details(at(time) + "  " + std::string(what)); }

  v1::WhyResponse say(std::string_view verdict, std::string summary) {
    out_.set_verdict(std::string(verdict));
    out_.set_summary(std::move(summary));
    return std::move(out_);
  }

  const ports::LedgerRow* find_row() {
    const ports::LedgerRow* found = nullptr;
    for (const auto& row : e_.rows) {
      if (row.firing && row.firing->id.tick == e_.tick->tick) found = &row;
      if (row.firing && row.firing->id.tick != e_.tick->tick) convert::to_proto(row, *out_.add_reruns());
    }
    if (found != nullptr) return found;
    const auto range = std::ranges::find_if(e_.rows, [](const auto& row) { return row.range.has_value(); });
    return range == e_.rows.end() ? nullptr : &*range;
  }

  v1::WhyResponse no_tick() {
    const Task& task = *e_.view.task;
    if (e_.asked && *e_.asked < task.created) {
      return say("NO_TICK", fmt::format("The task was created later, at {}.", at(task.created)));
    }
    if (e_.next) return say("NO_TICK", fmt::format("It has no tick up to then; its first is at {}.", at(e_.next->due)));
    return say("NO_TICK", "It has no such tick.");
  }

  /// Nothing is written of the tick: not yet, or not any more.
  v1::WhyResponse without_row() {
    const auto& view = e_.view;
    const auto& planned = view.planned;
    if (planned && planned->due <= e_.tick->due && planned->state == State::Waiting) {
      return say("WAITING",
                 fmt::format("It is decided after the tick before it, of {}, which waits: {}.", at(planned->due), waiting(*planned)));
    }
    if (e_.tick->due > e_.now) {
      if (view.ended_at) return say("NO_TICK", fmt::format("The task has ended before, at {}.", at(*view.ended_at)));
      return say("NOT_YET", fmt::format("It is not due yet: in {}.", span(e_.tick->due - e_.now)));
    }
    if (view.ended_at && *view.ended_at < e_.tick->due) {
      return say("NO_TICK", fmt::format("The task has ended before, at {}, {}.", at(*view.ended_at), to_string(view.status)));
    }
    if (planned && planned->due <= e_.tick->due) {
      return say("DUE", fmt::format("The tick before it, of {}, is due and has not begun; this one is decided with it.", at(planned->due)));
    }
    return say("NO_TICK", "The ledger has no row for it: it was removed by retention, or the task had another schedule then.");
  }

  v1::WhyResponse range(const ports::LedgerRow& row) {
    const auto& range = *row.range;
    std::string ticks = "alone";
    const auto first = range.first.instant();
    const auto last = range.last.instant();
    if (range.count > 1 && first && last) ticks = fmt::format("one of {} from {} to {}", range.count, at(*first), at(*last));
    if (range.count > 1 && !first) ticks = fmt::format("one of {}", range.count);
    detail(row.range_at, fmt::format("{} ({}), {}", to_string(row.range_fate), to_string(row.range_reason), ticks));
    if (row.range_fate == Fate::Cancelled) return say("CANCELLED", fmt::format("The task was cancelled at {}.", at(row.range_at)));
    return say("SKIPPED", skipped(row.range_reason, row.range_at) + (range.count > 1 ? " It is " + ticks + "." : ""));
  }

  std::string skipped(SkipReason reason, SysTime when) const {
    const auto& spec = e_.view.task->spec;
    const milliseconds late = when - e_.tick->due;
    switch (reason) {
      case SkipReason::Misfire: return fmt::format("Skipped (misfire): it was found {} late, and {}.", span(late), misfire_rule(spec));
      case SkipReason::Overlap:
        return fmt::format("Skipped (overlap): another firing of the task was under way, and {}.", overlap_rule(overlap_of(spec)));
      case SkipReason::Paused: return fmt::format("Skipped (paused): the task was paused; it was resumed at {}.", at(when));
      case SkipReason::RunOnce: return "Skipped (run once): an earlier tick had ended well, and the task runs once.";
      case SkipReason::MaxCount: return "Skipped (max count): as many ticks had begun as the task may have.";
      case SkipReason::Ended: return "Skipped (ended): the task had ended.";
      case SkipReason::None: break;
    }
    return "Skipped.";
  }

  static std::string misfire_rule(const TaskSpec& spec) {
    const Misfire misfire = misfire_of(spec);
    const auto after = span(limits::kMisfireAfter);
    const std::string window =
        misfire.window.count() > 0 ? fmt::format("; none fires that is later than {}", span(misfire.window)) : std::string();
    switch (misfire.kind) {
      case Misfire::Kind::Skip:
        return fmt::format("none fires that is later than {} (policy skip)", misfire.window.count() > 0 ? span(misfire.window) : after);
      case Misfire::Kind::All:
        return misfire.max > 0 ? fmt::format("only the newest {} fire (policy all){}", misfire.max, window)
                               : fmt::format("all fire in their time (policy all){}", window);
      case Misfire::Kind::Once:
      case Misfire::Kind::Default: break;
    }
    return fmt::format("after {} only the newest that waits fires (policy once){}", after, window);
  }

  static std::string overlap_rule(Overlap overlap) {
    switch (overlap) {
      case Overlap::BufferOne: return "one waited already (policy buffer one)";
      case Overlap::BufferAll: return fmt::format("only the newest {} wait (policy buffer all)", limits::kBufferedTicksMax);
      case Overlap::CancelOther: return "of those that wait only the newest runs (policy cancel other)";
      default: return "its policy then was skip";
    }
  }

  std::string waiting(const Firing& firing) const {
    const std::string since = firing.waiting_since ? " since " + at(*firing.waiting_since) : "";
    switch (firing.wait_reason) {
      case WaitReason::NoExecutor:
        return fmt::format("no executor serves {}{}{}", target(), since, e_.served ? "; one does now, it is about to run" : "");
      case WaitReason::Overlap: return fmt::format("another firing of the task is under way{}", since);
      case WaitReason::Paused: return "the task is paused" + since;
      case WaitReason::Backlog: return fmt::format("more than {} firings for {} are ahead{}", limits::kReadyPerTargetMax, target(), since);
      case WaitReason::None: break;
    }
    return "it waits" + since;
  }

  void attempts(const ports::LedgerRow& row) {
    for (const auto& attempt : row.attempts) {
      if (attempt.begun_at) detail(*attempt.begun_at, fmt::format("attempt {} begun on {}", attempt.number, attempt.executor));
      if (!attempt.ended_at) continue;
      const auto outcome = attempt.outcome == Outcome::None ? "lost" : to_string(attempt.outcome);
      detail(*attempt.ended_at, fmt::format("attempt {} {}{}", attempt.number, outcome, attempt.error.empty() ? "" : ": " + attempt.error));
    }
  }

  v1::WhyResponse firing(const ports::LedgerRow& row) {
    const Firing& f = *row.firing;
    attempts(row);
    switch (f.state) {
      case State::Ended: return ended(f);
      case State::Running: {
        const auto progress = row.attempts.empty() ? std::string() : row.attempts.back().progress;
        return say("RUNNING", fmt::format("It runs on {} as attempt {} since {}{}.", f.executor, f.attempt, at(*f.begun_at),
                                          progress.empty() ? "" : "; progress: " + progress));
      }
      case State::Waiting: return say("WAITING", fmt::format("It waits: {}.", waiting(f)));
      case State::Claimed:
      case State::Sent: return say(to_string(f.state), "It is on its way to an executor.");
      case State::Due: break;
    }
    if (f.attempt > 0 && f.score > e_.now) {
      return say("DUE", fmt::format("Attempt {} ended {}{}; the next one is due at {}.", f.attempt, to_string(f.outcome),
                                    f.error.empty() ? "" : ": " + f.error, at(f.score)));
    }
    if (f.due > e_.now) return say("NOT_YET", fmt::format("It is not due yet: in {}.", span(f.due - e_.now)));
    if (!e_.served) return say("DUE", fmt::format("It is due since {}, and no executor serves {} now.", at(f.due), target()));
    return say("DUE", fmt::format("It is due since {} and waits for an executor that is free.", at(f.due)));
  }

  v1::WhyResponse ended(const Firing& f) {
    if (f.fate == Fate::Cancelled) {
      detail(*f.ended_at, "CANCELLED");
      return say("CANCELLED", fmt::format("The task was cancelled at {}.", at(*f.ended_at)));
    }
    if (f.fate == Fate::Skipped) {
      detail(*f.ended_at, fmt::format("SKIPPED ({})", to_string(f.skip_reason)));
      return say("SKIPPED", skipped(f.skip_reason, *f.ended_at));
    }
    std::string text = fmt::format("It ran: due {}", at(f.due));
    if (f.begun_at) text += fmt::format(", attempt {} begun {} later on {}", f.attempt, span(*f.begun_at - f.due), f.executor);
    text += fmt::format(", ended {} at {}", to_string(f.outcome), at(*f.ended_at));
    if (!f.error.empty()) text += ": " + f.error;
    return say(to_string(f.outcome), text + ".");
  }

  const Evidence& e_;
  const std::string zone_;
  v1::WhyResponse out_;
};

}  // namespace

v1::WhyResponse explain(const Evidence& evidence) { return Explanation(evidence).answer(); }

}  // namespace meepo::api
