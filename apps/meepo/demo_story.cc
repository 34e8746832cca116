#include "demo_story.h"

#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "demo_service.h"
#include "print.h"

namespace meepo::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr milliseconds kPatience{15'000};
constexpr milliseconds kPoll{20};

v1::TaskSpec echo_spec(const std::string& method, const std::string& params) {
  v1::TaskSpec spec;
  spec.set_app_id("demo");
  spec.set_kind(v1::Kind::REAL);
  auto& service = *spec.mutable_target()->mutable_service();
  service.set_interface(kDemoInterface);
  service.set_method(method);
  service.mutable_params()->set_json(params);
  return spec;
}

v1::TaskSpec ladder_spec(const std::string& define, bool run_once) {
  v1::TaskSpec spec = echo_spec("echo", "[\"rung\"]");
  spec.set_kind(v1::Kind::LADDER);
  spec.set_define(define);
  spec.set_run_once(run_once);
  return spec;
}

v1::TaskSpec each_second(const std::string& method, const std::string& params) {
  v1::TaskSpec spec = echo_spec(method, params);
  spec.set_kind(v1::Kind::PLAN);
  spec.set_define("* * * * * *");
  spec.set_zone("UTC");
  return spec;
}

/// "20261126093000", in UTC.
std::string timing_define(SysTime time) {
  std::string text = to_iso_utc(time).substr(0, 19);
  std::erase_if(text, [](char c) { return c < '0' || c > '9'; });
  return text;
}

class Story {
 public:
  Story(client::Client& client, const Restart& restart) : client_(client), restart_(restart) {}

  void real();
  void digits();
  void retry();
  void ladder();
  void ladder_run_once();
  void timing();
  void plan();
  void overlap_and_why();
  void pause();
  void misfire();
  void chain();
  void cancel();
  void park();
  int failures() const { return failures_; }

 private:
  void chapter(const char* title) { std::printf("\n%s\n", title); }
  void expect(bool good, const std::string& expectation, const std::string& seen);
  void expect_equal(const std::string& what, const std::string& expected, const std::string& seen) {
    expect(expected == seen, what + " is " + expected, seen);
  }

  v1::CreateTaskResponse create(const v1::TaskSpec& spec);
  /// Polls until `enough` or patience is over; the task as it was seen last.
  v1::Task wait(const std::string& id, const std::function<bool(const v1::Task&)>& enough);
  v1::Task wait_for_end(const std::string& id) {
    return wait(id, [](const v1::Task& task) { return task.has_ended_at(); });
  }
  std::vector<v1::LedgerRow> ledger(const std::string& id);
  /// Polls the ledger until ticks were skipped for `reason`; how many.
  std::uint32_t wait_for_skipped(const std::string& id, const std::string& reason);
  void cancel_task(const std::string& id);
  /// The sentence of `why`, and its verdict before it.
  std::string why(const std::string& id, const std::string& time);

  client::Client& client_;
  const Restart& restart_;
  int failures_ = 0;
};

std::string status_of(const v1::Task& task) { return v1::Status::Value_Name(task.status()); }

bool fired(const v1::LedgerRow& row, v1::Firing::Outcome outcome) {
  return row.firing().fate() == v1::Firing::FIRED && row.firing().outcome() == outcome;
}

/// Ticks that were skipped for `reason`, as rows of their own or in a range.
std::uint32_t skipped(const std::vector<v1::LedgerRow>& rows, const std::string& reason) {
  std::uint32_t count = 0;
  for (const v1::LedgerRow& row : rows) {
    if (row.has_range()) {
      if (row.range_fate() == v1::Firing::SKIPPED && row.range_reason() == reason) count += row.range().count();
    } else if (row.firing().fate() == v1::Firing::SKIPPED && row.firing().reason() == reason) {
      ++count;
    }
  }
  return count;
}

std::int64_t ms_of(const google::protobuf::Timestamp& time) { return time.seconds() * 1'000 + time.nanos() / 1'000'000; }

void Story::expect(bool good, const std::string& expectation, const std::string& seen) {
  if (!good) ++failures_;
  std::printf("  %s %s%s\n", good ? "✓" : "✗", expectation.c_str(),
              good ? "" : (", but seen: " + (seen.empty() ? std::string("nothing") : seen)).c_str());
  std::fflush(stdout);
}

v1::CreateTaskResponse Story::create(const v1::TaskSpec& spec) {
  v1::CreateTaskRequest request;
  *request.mutable_spec() = spec;
  const auto created = client_.create(request);
  expect(created.has_value(), "create answers an id", created ? "" : created.error().message);
  return created ? *created : v1::CreateTaskResponse();
}

v1::Task Story::wait(const std::string& id, const std::function<bool(const v1::Task&)>& enough) {
  v1::GetTaskRequest request;
  request.set_id(id);
  v1::Task seen;
  for (const auto until = Clock::now() + kPatience; Clock::now() < until; std::this_thread::sleep_for(kPoll)) {
    const auto task = client_.get(request);
    if (!task) continue;
    seen = *task;
    if (enough(seen)) return seen;
  }
  return seen;
}

std::vector<v1::LedgerRow> Story::ledger(const std::string& id) {
  v1::LedgerRequest request;
  request.set_id(id);
  const auto page = client_.ledger(request);
  expect(page.has_value(), "the ledger can be read", page ? "" : page.error().message);
  if (!page) return {};
  return {page->rows().begin(), page->rows().end()};
}

void Story::real() {
  chapter("A REAL task runs now and keeps its result");
  const v1::Task task = wait_for_end(create(echo_spec("echo", "[\"hello\"]")).id());
  expect_equal("its status", "DONE", status_of(task));
  expect_equal("its result", "\"hello\"", text_of(task.latest().result()));
}

void Story::digits() {
  chapter("Numbers travel digit by digit");
  const v1::Task task = wait_for_end(create(echo_spec("echo", "[9007199254740993, 0.10]")).id());
  expect_equal("the result", "[9007199254740993, 0.10]", text_of(task.latest().result()));
}

void Story::retry() {
  chapter("A failing task is retried, then over");
  v1::TaskSpec spec = echo_spec("fail", "[\"no money\"]");
  spec.mutable_retry()->mutable_fixed()->set_max_retries(2);
  spec.mutable_retry()->mutable_fixed()->set_delay_ms(200);
  const v1::Task task = wait_for_end(create(spec).id());
  expect_equal("its status", "FAIL", status_of(task));
  expect_equal("its error", "no money", task.latest().error());
  expect_equal("the number of attempts", "3", std::to_string(task.latest().attempt()));
}

void Story::ladder() {
  chapter("A LADDER 0,1,2 fires at once, a second and two seconds after its creation");
  const v1::Task task = wait_for_end(create(ladder_spec("0,1,2", false)).id());
  expect_equal("its status", "DONE", status_of(task));
  std::vector<std::int64_t> offsets;
  for (const v1::LedgerRow& row : ledger(task.id())) {
    if (fired(row, v1::Firing::SUCCESS)) offsets.insert(offsets.begin(), ms_of(row.firing().due()) - ms_of(task.created_at()));
  }
  std::string seen;
  for (const std::int64_t offset : offsets) seen += (seen.empty() ? "" : ", ") + std::to_string(offset) + " ms";
  expect_equal("the distance of its due instants from its creation", "0 ms, 1000 ms, 2000 ms", seen);
}

void Story::ladder_run_once() {
  chapter("With runOnce no rung follows the first success");
  const v1::Task task = wait_for_end(create(ladder_spec("0,1,2", true)).id());
  expect_equal("its status", "DONE", status_of(task));
  const auto rows = ledger(task.id());
  std::uint32_t successes = 0;
  for (const v1::LedgerRow& row : rows) successes += fired(row, v1::Firing::SUCCESS) ? 1U : 0U;
  expect_equal("the number of its successes", "1", std::to_string(successes));
  expect_equal("the number of ticks skipped as run_once", "2", std::to_string(skipped(rows, "run_once")));
}

void Story::timing() {
  chapter("A TIMING task runs at its time, not before");
  v1::TaskSpec spec = echo_spec("echo", "[\"on time\"]");
  spec.set_kind(v1::Kind::TIMING);
  spec.set_zone("UTC");
  const SysTime due =
      std::chrono::ceil<std::chrono::seconds>(std::chrono::floor<milliseconds>(std::chrono::system_clock::now())) + std::chrono::seconds(1);
  spec.set_define(timing_define(due));
  const v1::Task task = wait_for_end(create(spec).id());
  expect_equal("its status", "DONE", status_of(task));
  const std::int64_t late = ms_of(task.latest().begun_at()) - to_unix_ms(due);
  expect(late >= 0 && late < 1'000, "it began within a second from its due instant", std::to_string(late) + " ms after it");
}

void Story::plan() {
  chapter("A PLAN fires at each time of its cron: here each second, three times");
  v1::TaskSpec spec = each_second("echo", "[\"tick\"]");
  spec.set_max_count(3);
  const v1::Task task = wait_for_end(create(spec).id());
  expect_equal("its status", "DONE", status_of(task));
  std::string distances;
  std::int64_t before = 0;
  const auto rows = ledger(task.id());
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    const std::int64_t due = ms_of(row->firing().due());
    if (before != 0) distances += (distances.empty() ? "" : ", ") + std::to_string(due - before) + " ms";
    before = due;
  }
  expect_equal("the distance of its due instants", "1000 ms, 1000 ms", distances);
}

std::uint32_t Story::wait_for_skipped(const std::string& id, const std::string& reason) {
  v1::LedgerRequest request;
  request.set_id(id);
  for (const auto until = Clock::now() + kPatience; Clock::now() < until; std::this_thread::sleep_for(kPoll)) {
    const auto page = client_.ledger(request);
    const std::uint32_t count = page ? skipped({page->rows().begin(), page->rows().end()}, reason) : 0;
    if (count > 0) return count;
  }
  return 0;
}

void Story::cancel_task(const std::string& id) {
  v1::CancelTaskRequest request;
  request.set_id(id);
  const auto cancelled = client_.cancel(request);
  expect(cancelled && cancelled->cancelled(), "it is cancelled", cancelled ? "it had ended" : cancelled.error().message);
}

std::string Story::why(const std::string& id, const std::string& time) {
  v1::WhyRequest request;
  request.set_id(id);
  request.set_time(time);
  const auto answer = client_.why(request);
  return answer ? answer->verdict() + ": " + answer->summary() : answer.error().message;
}

void Story::overlap_and_why() {
  chapter("A tick that is due while the one before it still runs is skipped, and why says so");
  const std::string id = create(each_second("sleep", "[2500]")).id();
  const std::uint32_t count = wait_for_skipped(id, "overlap");
  expect(count > 0, "the ledger has a tick that was skipped for overlap", "none");
  std::string tick;
  for (const v1::LedgerRow& row : ledger(id)) {
    if (row.has_range() && row.range_reason() == "overlap") tick = row.range().first();
  }
  const std::string reason = why(id, tick);
  expect(reason.starts_with("SKIPPED") && reason.find("overlap") != std::string::npos, "why names the rule: " + reason, reason);
  cancel_task(id);
}

void Story::pause() {
  chapter("While a task is paused none of its ticks fires; the ledger keeps them");
  const std::string id = create(each_second("echo", "[\"tick\"]")).id();
  v1::PauseTaskRequest pausing;
  pausing.set_id(id);
  const auto paused = client_.pause(pausing);
  expect(paused.has_value(), "pause is answered", paused ? "" : paused.error().message);
  const v1::Task task = wait(id, [](const v1::Task& seen) { return seen.paused(); });
  expect(task.paused(), "the task says that it is paused", "it does not");
  std::this_thread::sleep_for(std::chrono::seconds(3));
  v1::ResumeTaskRequest resuming;
  resuming.set_id(id);
  const auto resumed = client_.resume(resuming);
  expect(resumed.has_value(), "resume is answered", resumed ? "" : resumed.error().message);
  const std::uint32_t count = wait_for_skipped(id, "paused");
  expect(count >= 2, "the ledger has the ticks of those 3 s as skipped: " + std::to_string(count), std::to_string(count));
  cancel_task(id);
}

void Story::misfire() {
  chapter("Ticks that came due while no scheduler ran are decided by the misfire policy: here each older than 2 s is skipped");
  v1::TaskSpec spec = each_second("echo", "[\"tick\"]");
  spec.mutable_misfire()->set_policy(v1::Misfire::SKIP);
  spec.mutable_misfire()->set_window_seconds(2);
  const std::string id = create(spec).id();
  wait(id, [](const v1::Task& task) { return task.firings() > 0; });
  const auto restarted = restart_(std::chrono::seconds(5));
  expect(restarted.has_value(), "the scheduler is stopped for 5 s and started again on the same folder",
         restarted ? "" : restarted.error().message);
  const std::uint32_t count = wait_for_skipped(id, "misfire");
  expect(count >= 3, "the ledger has " + std::to_string(count) + " ticks skipped as misfired, in one row", std::to_string(count));
  const std::uint32_t before = wait(id, [](const v1::Task& task) { return task.firings() > 0; }).firings();
  const v1::Task after = wait(id, [before](const v1::Task& task) { return task.firings() > before; });
  expect(after.firings() > before, "it fires on", std::to_string(after.firings()) + " firings");
  cancel_task(id);
}

void Story::chain() {
  chapter("A success creates the next task of its chain, once");
  v1::TaskSpec spec = echo_spec("echo", "[\"first\"]");
  *spec.add_next() = echo_spec("echo", "[\"second\"]").target();
  const v1::Task parent = wait_for_end(create(spec).id());
  const std::string chained = parent.latest().chained_task_id();
  expect(!chained.empty(), "the first task names the second", chained);
  if (chained.empty()) return;
  const v1::Task child = wait_for_end(chained);
  expect_equal("the second's status", "DONE", status_of(child));
  expect_equal("the second's result", "\"second\"", text_of(child.latest().result()));
  expect_equal("the second's parent", parent.latest().id(), child.parent_firing_id());
}

void Story::cancel() {
  chapter("A running task that is cancelled stops");
  const std::string id = create(echo_spec("sleep", "[30000]")).id();
  const v1::Task running =
      wait(id, [](const v1::Task& task) { return task.latest().state() == v1::Firing::RUNNING && task.latest().started(); });
  expect_equal("its status before", "RUNNING", status_of(running));
  v1::CancelTaskRequest request;
  request.set_id(id);
  const auto cancelled = client_.cancel(request);
  expect(cancelled && cancelled->cancelled() && cancelled->running_size() == 1, "cancel answers the firing that runs",
         cancelled ? describe(*cancelled) : cancelled.error().message);
  const v1::Task ended = wait_for_end(id);
  expect_equal("its status after", "CANCEL", status_of(ended));
  expect_equal("the firing's outcome", "STOPPED", v1::Firing::Outcome_Name(ended.latest().outcome()));
}

void Story::park() {
  chapter("A task that nobody serves waits, and says so");
  v1::TaskSpec spec = echo_spec("settle", "[]");
  spec.mutable_target()->mutable_service()->set_interface("com.example.Nobody");
  const auto created = create(spec);
  expect(created.warnings_size() > 0, "create answers a warning", "no warning");
  const v1::Task task = wait(created.id(), [](const v1::Task& seen) { return seen.armed().state() == v1::Firing::WAITING; });
  expect_equal("its firing", "WAITING (no executor)", standing_of(task.armed()));
}

}  // namespace

int tell_story(client::Client& client, const Restart& restart) {
  Story story(client, restart);
  story.real();
  story.digits();
  story.retry();
  story.ladder();
  story.ladder_run_once();
  story.timing();
  story.plan();
  story.overlap_and_why();
  story.chain();
  story.cancel();
  story.pause();
  story.park();
  story.misfire();
  return story.failures();
}

}  // namespace meepo::cli
