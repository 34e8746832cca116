// Both ends of direct dispatch together.
#include <algorithm>

#include "adapters/direct/tests/direct_fixture.h"

namespace meepo::adapters::direct {
namespace {

using namespace std::chrono_literals;

Error error(Code code, std::string message) { return {.code = code, .message = std::move(message), .field = {}, .cause = {}}; }

TEST(Direct, Hello_ArrivesWhole_AndIsWelcomed) {
  SchedulerEnd scheduler;
  scheduler.listen();
  ExecutorEnd executor(ExecutorEnd::options(scheduler));
  executor.next_hello.running = {
      {.run = make_ref(1), .started = true, .cancel_acknowledged = true, .report = {.progress = "p", .log = "l"}}};
  executor.next_hello.ends = {make_end(2)};
  executor.start();
  const auto said = scheduler.opened.pop();
  ASSERT_TRUE(said);
  EXPECT_NE(said->from, 0U);
  EXPECT_EQ(said->what.instance, "billing-1");
  EXPECT_EQ(said->what.name, "billing");
  EXPECT_EQ(said->what.target_keys, std::vector<std::string>{"service:a.B::"});
  EXPECT_EQ(said->what.credits, 16U);
  EXPECT_FALSE(said->what.complete);
  ASSERT_EQ(said->what.running.size(), 1U);
  EXPECT_EQ(said->what.running[0].run, make_ref(1));
  EXPECT_TRUE(said->what.running[0].started);
  EXPECT_TRUE(said->what.running[0].cancel_acknowledged);
  EXPECT_EQ(said->what.running[0].report.progress, "p");
  ASSERT_EQ(said->what.ends.size(), 1U);
  EXPECT_EQ(said->what.ends[0].run, make_ref(2));
  EXPECT_EQ(said->what.ends[0].result->data, "[0.10]");
  EXPECT_EQ(said->what.ends[0].report.log, "l");
  const auto welcome = executor.opened.pop();
  ASSERT_TRUE(welcome);
  EXPECT_EQ(welcome->what, scheduler.store_now) << "the store's time, not this node's";
}

TEST(Direct, EverythingThatTheSchedulerSays_Arrives) {
  SchedulerEnd scheduler;
  scheduler.listen();
  ExecutorEnd executor(ExecutorEnd::options(scheduler));
  executor.start();
  const auto session = scheduler.opened.pop().value().from;
  on_loop(scheduler.loop, [&] {
    scheduler.dispatcher.send(session, {make_run(1), make_run(2)});
    scheduler.dispatcher.ask_cancel(session, {make_ref(3)});
    scheduler.dispatcher.answer_ends(session, {{.run = make_ref(4), .verdict = ports::EndRequest::ItemAnswer::Verdict::Stale}});
    scheduler.dispatcher.answer_renewals(
        session, {{.run = make_ref(5), .answer = ports::RenewAnswer::CancelAsked, .lease_until = from_unix_ms(1'800'000'000'001)}});
    scheduler.dispatcher.send(session + 100, {make_run(9)});  // nobody
  });
  const auto runs = executor.runs.pop().value();
  ASSERT_EQ(runs.what.size(), 2U);
  EXPECT_EQ(runs.what[1].id, make_run(2).id);
  EXPECT_EQ(runs.what[1].token, make_run(2).token);
  EXPECT_EQ(runs.what[1].attempt, 2U);
  EXPECT_EQ(runs.what[1].due, make_run(2).due);
  EXPECT_EQ(runs.what[1].lease_until, make_run(2).lease_until);
  EXPECT_EQ(runs.what[1].timeout, 60s);
  EXPECT_TRUE(runs.what[1].suspect);
  EXPECT_EQ(runs.what[1].target, make_run(2).target);
  EXPECT_EQ(runs.what[1].app_id, "app");
  EXPECT_EQ(runs.what[1].not_before, make_run(2).not_before);
  EXPECT_EQ(executor.cancel_asked.pop().value().what, std::vector{make_ref(3)});
  const auto end_verdicts = executor.end_verdicts.pop().value();
  EXPECT_EQ(end_verdicts.what.at(0).run, make_ref(4));
  EXPECT_EQ(end_verdicts.what.at(0).verdict, ports::EndRequest::ItemAnswer::Verdict::Stale);
  const auto renew_verdicts = executor.renew_verdicts.pop().value();
  EXPECT_EQ(renew_verdicts.what.at(0).run, make_ref(5));
  EXPECT_EQ(renew_verdicts.what.at(0).answer, ports::RenewAnswer::CancelAsked);
  EXPECT_EQ(to_unix_ms(renew_verdicts.what.at(0).lease_until), 1'800'000'000'001);
}

TEST(Direct, AskTime_IsAnsweredWithTheStoresTime) {
  SchedulerEnd scheduler;
  scheduler.listen();
  ExecutorEnd executor(ExecutorEnd::options(scheduler));
  executor.start();
  const auto stream = executor.opened.pop().value().from;
  const SteadyTime asked_at(std::chrono::nanoseconds(123'456'789'012'345));
  on_loop(executor.loop, [&] { executor.source->ask_time(stream, asked_at); });
  const auto told = executor.times.pop();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->from, stream);
  EXPECT_EQ(told->what, std::pair(asked_at, scheduler.store_now + std::chrono::microseconds(789)));
}

TEST(Direct, EverythingThatTheExecutorSays_Arrives) {
  SchedulerEnd scheduler;
  scheduler.listen();
  ExecutorEnd executor(ExecutorEnd::options(scheduler));
  executor.start();
  const auto stream = executor.opened.pop().value().from;
  on_loop(executor.loop, [&] {
    executor.source->grant(stream, 3);
    executor.source->grant(stream, 4);
    executor.source->report_started(stream, {make_ref(1)});
    executor.source->renew(stream, {{.run = make_ref(2), .started = true, .cancel_acknowledged = false, .report = {}}});
    auto timed_out = make_end(3);
    timed_out.outcome = Outcome::Timeout;
    timed_out.result.reset();
    executor.source->report_ends(stream, {timed_out});
    executor.source->hand_back(stream, {make_ref(4)});
    executor.source->grant(stream + 100, 9);  // nobody
    executor.source->offer(stream, {"service:a.B::", "http"});
  });
  const auto session = scheduler.opened.pop().value().from;
  EXPECT_EQ(scheduler.started.pop().value().what, std::vector{make_ref(1)});
  const auto renewed = scheduler.renewed.pop().value();
  EXPECT_EQ(renewed.what.at(0).run, make_ref(2));
  EXPECT_FALSE(renewed.what.at(0).report.progress);
  const auto ended = scheduler.ended.pop().value();
  EXPECT_EQ(ended.what.at(0).run, make_ref(3));
  EXPECT_EQ(ended.what.at(0).outcome, Outcome::Timeout);
  EXPECT_FALSE(ended.what.at(0).result);
  EXPECT_EQ(ended.what.at(0).error, "e");
  EXPECT_EQ(scheduler.handed_back.pop().value().what, std::vector{make_ref(4)});
  const auto granted = scheduler.granted.pop().value();
  EXPECT_EQ(granted.from, session);
  EXPECT_EQ(granted.what, 7U);
  EXPECT_EQ(scheduler.offered.pop().value().what, (std::vector<std::string>{"service:a.B::", "http"}));
}

TEST(Direct, ManyRuns_ArriveInOrder_InFewMessages) {
  constexpr std::uint64_t kRuns = 20'000;
  SchedulerEnd scheduler;
  scheduler.listen();
  ExecutorEnd executor(ExecutorEnd::options(scheduler));
  executor.start();
  const auto session = scheduler.opened.pop().value().from;
  on_loop(scheduler.loop, [&] {
    for (std::uint64_t i = 1; i <= kRuns; ++i) scheduler.dispatcher.send(session, {make_run(i)});
  });
  std::uint64_t next = 1;
  int messages = 0;
  while (next <= kRuns) {
    const auto runs = executor.runs.pop();
    ASSERT_TRUE(runs);
    ++messages;
    for (const auto& run : runs->what) ASSERT_EQ(run.token.low, next++);
  }
  EXPECT_LE(messages, 10);  // ~ 2 MiB
}

TEST(Direct, LargePayloads_AreSplitIntoMessages) {
  SchedulerEnd scheduler;
  scheduler.listen();
  ExecutorEnd executor(ExecutorEnd::options(scheduler));
  // 40 MiB of unacknowledged ends: more than one message may hold.
  const std::string large(limits::kPayloadBytesMax, '1');
  for (std::uint64_t i = 1; i <= 40; ++i) executor.next_hello.ends.push_back(make_end(i, large));
  executor.start();
  const auto said = scheduler.opened.pop().value();
  std::vector<std::uint64_t> named;
  for (const auto& run : said.what.running) {
    EXPECT_TRUE(run.started);
    named.push_back(run.run.token.low);
  }
  std::vector<std::uint64_t> ended;
  const auto take = [&](const std::vector<ports::RunEnd>& ends) {
    for (const auto& end : ends) {
      EXPECT_EQ(end.result->data.size(), large.size());
      ended.push_back(end.run.token.low);
    }
  };
  take(said.what.ends);
  EXPECT_EQ(named.size() + ended.size(), 40U);
  EXPECT_GE(ended.size(), 1U);
  while (ended.size() < 40) {
    const auto more = scheduler.ended.pop();
    ASSERT_TRUE(more);
    take(more->what);
  }
  for (std::uint64_t i = 1; i <= 40; ++i) EXPECT_EQ(ended[i - 1], i);
}

TEST(Direct, AServerThatComesBack_IsFoundAgain_AndTheSecondHelloIsComplete) {
  auto scheduler = std::make_unique<SchedulerEnd>();
  scheduler->listen();
  const int port = scheduler->port;
  ExecutorEnd executor(ExecutorEnd::options(*scheduler));
  executor.start();
  const auto first = scheduler->opened.pop().value();
  EXPECT_FALSE(first.what.complete);
  const auto stream = executor.opened.pop().value().from;
  scheduler.reset();
  const auto closed = executor.closed.pop().value();
  EXPECT_EQ(closed.from, stream);
  EXPECT_EQ(closed.what.code, Code::Unavailable);
  EXPECT_NE(closed.what.message.find("127.0.0.1:"), std::string::npos);
  scheduler = std::make_unique<SchedulerEnd>();
  scheduler->listen(port);
  const auto second = scheduler->opened.pop().value();
  EXPECT_TRUE(second.what.complete);
  EXPECT_GT(executor.opened.pop().value().from, stream);
  scheduler.reset();
}

TEST(Direct, CloseByTheScheduler_TellsTheExecutorWhy_AndItConnectsAgain) {
  SchedulerEnd scheduler;
  scheduler.listen();
  ExecutorEnd executor(ExecutorEnd::options(scheduler));
  executor.start();
  const auto session = scheduler.opened.pop().value().from;
  executor.opened.pop();
  on_loop(scheduler.loop, [&] {
    scheduler.dispatcher.close(session, error(Code::Conflict, "another one with this name"));
    scheduler.dispatcher.send(session, {make_run(1)});  // dropped
  });
  const auto closed = executor.closed.pop().value();
  EXPECT_EQ(closed.what.code, Code::Conflict);
  EXPECT_NE(closed.what.message.find("another one with this name"), std::string::npos);
  EXPECT_EQ(scheduler.closed.pop(), session);
  const auto again = scheduler.opened.pop().value();
  EXPECT_GT(again.from, session);
  EXPECT_TRUE(again.what.complete);
  EXPECT_TRUE(executor.runs.empty());
}

TEST(Direct, AWrongToken_IsRefusedWithItsReason_AndTheRightOneEnters) {
  const Authorize authorize = [](const grpc::ServerContextBase& context) -> Result<void> {
    const auto& metadata = context.client_metadata();
    const auto given = metadata.find("authorization");
    if (given != metadata.end() && given->second == "Bearer s3cret") return {};
    return fail(Code::Unauthenticated, "a token is needed");
  };
  SchedulerEnd scheduler({}, authorize);
  scheduler.listen();
  for (const std::string token : {"", "wrong"}) {
    ExecutorEnd executor(ExecutorEnd::options(scheduler, token));
    executor.start();
    const auto closed = executor.closed.pop().value();
    EXPECT_EQ(closed.what.code, Code::Unauthenticated);
    EXPECT_NE(closed.what.message.find("a token is needed"), std::string::npos);
    EXPECT_TRUE(executor.opened.empty());
    executor.hellos.pop();
    executor.hellos.pop();  // it tries again
  }
  EXPECT_TRUE(scheduler.opened.empty());
  ExecutorEnd executor(ExecutorEnd::options(scheduler, "s3cret"));
  executor.start();
  EXPECT_TRUE(executor.opened.pop());
}

TEST(Direct, SessionsMax_OneOver_IsRefused) {
  SchedulerEnd scheduler({.sessions_max = 2});
  scheduler.listen();
  std::vector<std::unique_ptr<ExecutorEnd>> executors;
  for (int i = 0; i < 2; ++i) {
    executors.push_back(std::make_unique<ExecutorEnd>(ExecutorEnd::options(scheduler)));
    executors.back()->start();
    ASSERT_TRUE(executors.back()->opened.pop());
  }
  ExecutorEnd over(ExecutorEnd::options(scheduler));
  over.start();
  EXPECT_EQ(over.closed.pop().value().what.code, Code::Exhausted);
  executors.pop_back();
  EXPECT_TRUE(over.opened.pop());
}

TEST(Direct, StopOfTheSource_WritesWhatWasSaid_ThenCloses) {
  SchedulerEnd scheduler;
  scheduler.listen();
  ExecutorEnd executor(ExecutorEnd::options(scheduler));
  executor.start();
  const auto stream = executor.opened.pop().value().from;
  const auto session = scheduler.opened.pop().value().from;
  std::promise<void> stopped;
  on_loop(executor.loop, [&] {
    for (std::uint64_t i = 1; i <= 5'000; ++i) executor.source->report_ends(stream, {make_end(i, std::string(1'000, '1'))});
    executor.source->stop(kWait, [&] { stopped.set_value(); });
    executor.source->report_ends(stream, {make_end(9'999)});  // too late
  });
  ASSERT_EQ(stopped.get_future().wait_for(kWait), std::future_status::ready);
  EXPECT_EQ(scheduler.closed.pop(), session);
  std::size_t ended = 0;
  while (!scheduler.ended.empty()) ended += scheduler.ended.pop()->what.size();
  EXPECT_EQ(ended, 5'000U);
  EXPECT_TRUE(executor.closed.pop());
  executor.hellos.pop();
  EXPECT_TRUE(executor.hellos.empty());
}

TEST(Direct, StopOfTheSource_WhileNobodyAnswers_IsOverAtOnce) {
  SchedulerEnd scheduler;
  scheduler.listen();
  auto options = ExecutorEnd::options(scheduler);
  scheduler.server->Shutdown();
  ExecutorEnd executor(std::move(options));
  executor.start();
  executor.closed.pop();
  std::promise<void> stopped;
  on_loop(executor.loop, [&] { executor.source->stop(kWait, [&] { stopped.set_value(); }); });
  EXPECT_EQ(stopped.get_future().wait_for(kWait), std::future_status::ready);
}

TEST(Direct, StopOfTheDispatcher_RunsNoHandlerAfterwards) {
  SchedulerEnd scheduler;
  scheduler.listen();
  ExecutorEnd executor(ExecutorEnd::options(scheduler));
  executor.start();
  scheduler.opened.pop();
  executor.opened.pop();
  on_loop(scheduler.loop, [&] { scheduler.dispatcher.stop(); });
  EXPECT_EQ(executor.closed.pop().value().what.code, Code::Unavailable);
  EXPECT_EQ(executor.closed.pop().value().what.code, Code::Unavailable);  // the next try, refused
  on_loop(scheduler.loop, [] {});
  EXPECT_TRUE(scheduler.closed.empty());
  EXPECT_TRUE(scheduler.opened.empty());
}

TEST(Direct, BothEndsAreDestroyed_WhileTheyTalk) {
  for (int round = 0; round < 5; ++round) {
    SchedulerEnd scheduler;
    scheduler.listen();
    auto executor = std::make_unique<ExecutorEnd>(ExecutorEnd::options(scheduler));
    executor->start();
    const auto session = scheduler.opened.pop().value().from;
    const auto stream = executor->opened.pop().value().from;
    on_loop(scheduler.loop, [&] {
      for (std::uint64_t i = 1; i <= 2'000; ++i) scheduler.dispatcher.send(session, {make_run(i, std::string(1'000, '1'))});
    });
    on_loop(executor->loop, [&] {
      for (std::uint64_t i = 1; i <= 2'000; ++i) executor->source->report_ends(stream, {make_end(i, std::string(1'000, '1'))});
    });
    if (round % 2 == 0) {
      executor.reset();
      EXPECT_EQ(scheduler.closed.pop(), session);
    }
  }
}

TEST(Direct, InProcessChannel_WorksLikeALoopbackOne) {
  SchedulerEnd scheduler;
  scheduler.listen();
  ExecutorEnd executor(
      {.schedulers = {{.address = "inside", .channel = [&] { return scheduler.server->InProcessChannel(stream_channel_arguments()); }}},
       .token = {}});
  executor.start();
  const auto session = scheduler.opened.pop().value().from;
  const auto stream = executor.opened.pop().value().from;
  on_loop(scheduler.loop, [&] { scheduler.dispatcher.send(session, {make_run(1)}); });
  EXPECT_EQ(executor.runs.pop().value().what.size(), 1U);
  on_loop(executor.loop, [&] { executor.source->report_ends(stream, {make_end(1)}); });
  EXPECT_EQ(scheduler.ended.pop().value().what.size(), 1U);
}

TEST(Direct, TwoSchedulers_HaveAStreamEach) {
  SchedulerEnd first;
  SchedulerEnd second;
  first.listen();
  second.listen();
  auto options = ExecutorEnd::options(first);
  options.schedulers.push_back(ExecutorEnd::options(second).schedulers.front());
  ExecutorEnd executor(std::move(options));
  executor.start();
  const auto a = executor.opened.pop().value().from;
  const auto b = executor.opened.pop().value().from;
  EXPECT_NE(a, b);
  EXPECT_TRUE(first.opened.pop());
  EXPECT_TRUE(second.opened.pop());
}

}  // namespace
}  // namespace meepo::adapters::direct
