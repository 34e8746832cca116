#include "adapters/local/asio_loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace meepo::adapters::local {
namespace {

using namespace std::chrono_literals;

constexpr auto kWait = 20s;

/// Runs `work` on the loop and waits for it.
template <class Work>
void on_loop(AsioLoop& loop, Work work) {
  std::promise<void> done;
  loop.post([&] {
    work();
    done.set_value();
  });
  ASSERT_EQ(done.get_future().wait_for(kWait), std::future_status::ready);
}

TEST(AsioLoop, Post_RunsWorkInTheOrderOfPosting) {
  AsioLoop loop;
  std::vector<int> ran;
  for (int i = 0; i < 1'000; ++i) loop.post([&ran, i] { ran.push_back(i); });
  EXPECT_TRUE(ran.empty());
  loop.start();
  on_loop(loop, [] {});
  ASSERT_EQ(ran.size(), 1'000U);
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(ran[static_cast<std::size_t>(i)], i);
}

TEST(AsioLoop, Post_FromTheLoopItself_RunsLater) {
  AsioLoop loop;
  loop.start();
  std::vector<int> ran;
  std::promise<void> done;
  loop.post([&] {
    loop.post([&] {
      ran.push_back(2);
      done.set_value();
    });
    ran.push_back(1);
  });
  ASSERT_EQ(done.get_future().wait_for(kWait), std::future_status::ready);
  EXPECT_EQ(ran, (std::vector{1, 2}));
}

TEST(AsioLoop, Post_FromManyThreads_LosesNothingAndKeepsEachThreadsOrder) {
  constexpr int kThreads = 8;
  constexpr int kEach = 20'000;
  AsioLoop loop;
  loop.start();
  std::vector<std::vector<int>> ran(kThreads);
  std::promise<void> done;
  int left = kThreads * kEach;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kEach; ++i) {
          loop.post([&, thread, i] {
            ran[static_cast<std::size_t>(thread)].push_back(i);
            if (--left == 0) done.set_value();
          });
        }
      });
    }
  }
  ASSERT_EQ(done.get_future().wait_for(kWait), std::future_status::ready);
  for (const auto& each : ran) {
    ASSERT_EQ(each.size(), static_cast<std::size_t>(kEach));
    for (int i = 0; i < kEach; ++i) ASSERT_EQ(each[static_cast<std::size_t>(i)], i);
  }
}

TEST(AsioLoop, CallAt_RunsInOrderOfInstants_AndNeverEarly) {
  AsioLoop loop;
  loop.start();
  std::vector<std::pair<int, bool>> ran;  // which, and whether it was early
  std::promise<void> done;
  on_loop(loop, [&] {
    const auto now = loop.steady_now();
    for (const int delay : {30, 0, 20, 10, 20}) {
      const auto when = now + milliseconds(delay);
      EXPECT_NE(loop.call_at(when,
                             [&, when, delay] {
                               ran.emplace_back(delay, loop.steady_now() < when);
                               if (ran.size() == 5) done.set_value();
                             }),
                0U);
    }
  });
  ASSERT_EQ(done.get_future().wait_for(kWait), std::future_status::ready);
  const std::vector<std::pair<int, bool>> expected = {{0, false}, {10, false}, {20, false}, {20, false}, {30, false}};
  EXPECT_EQ(ran, expected);
}

TEST(AsioLoop, CallAt_AnEarlierTimerSetLater_RunsFirst) {
  AsioLoop loop;
  loop.start();
  std::promise<bool> second_first;
  bool first_ran = false;
  on_loop(loop, [&] {
    const auto now = loop.steady_now();
    loop.call_at(now + 1h, [&] { first_ran = true; });
    loop.call_at(now + 1ms, [&] { second_first.set_value(!first_ran); });
  });
  auto ran = second_first.get_future();
  ASSERT_EQ(ran.wait_for(kWait), std::future_status::ready);
  EXPECT_TRUE(ran.get());
}

TEST(AsioLoop, CancelTimer_ForgetsIt_AndDoesNotMindStrangers) {
  AsioLoop loop;
  loop.start();
  bool cancelled_ran = false;
  std::promise<void> done;
  on_loop(loop, [&] {
    const auto now = loop.steady_now();
    const auto id = loop.call_at(now + 1ms, [&] { cancelled_ran = true; });
    loop.call_at(now + 2ms, [&] { done.set_value(); });
    loop.cancel_timer(id);
    loop.cancel_timer(id);
    loop.cancel_timer(0);
    loop.cancel_timer(123'456);
  });
  ASSERT_EQ(done.get_future().wait_for(kWait), std::future_status::ready);
  EXPECT_FALSE(cancelled_ran);
}

TEST(AsioLoop, CallAt_ATimerThatSetsItselfAgainForNow_DoesNotKeepPostedWorkOut) {
  AsioLoop loop;
  loop.start();
  auto again = std::make_shared<std::function<void()>>();
  *again = [&loop, weak = std::weak_ptr(again)] {
    if (const auto self = weak.lock()) loop.call_at(loop.steady_now(), *self);
  };
  on_loop(loop, [&] { (*again)(); });
  on_loop(loop, [] {});
  on_loop(loop, [&] { again.reset(); });
}

TEST(AsioLoop, Stop_DestroysWhatWaitsUnrun_AndDropsLaterPosts) {
  AsioLoop loop;
  loop.start();
  auto captured = std::make_shared<int>(1);
  std::promise<void> entered;
  std::promise<void> go_on;
  std::atomic<bool> ran = false;
  loop.post([&] {
    entered.set_value();
    go_on.get_future().wait();
    loop.call_at(loop.steady_now() + 1h, [captured] {});
    loop.post([&ran, captured] { ran = true; });
  });
  entered.get_future().wait();
  std::jthread stopper([&] { loop.stop(); });
  go_on.set_value();
  stopper.join();
  loop.post([&ran, captured] { ran = true; });
  loop.stop();
  EXPECT_EQ(captured.use_count(), 1);
}

TEST(AsioLoop, Clocks_AreTheRealOnes) {
  const AsioLoop loop;
  const auto system = std::chrono::system_clock::now();
  EXPECT_LT(std::chrono::abs(loop.system_now() - system), 5s);
  const auto before = std::chrono::steady_clock::now();
  const auto now = loop.steady_now();
  EXPECT_GE(now, before);
  EXPECT_LE(now, std::chrono::steady_clock::now());
}

}  // namespace
}  // namespace meepo::adapters::local
