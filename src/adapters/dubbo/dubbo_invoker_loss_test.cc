// Providers that stop, close what they accept, are not reached, or failed before: which calls are written, and where to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <ctime>

#include "adapters/dubbo/tests/fixture.h"
#include "base/limits.h"

namespace meepo::adapters::dubbo {
namespace {

using meepo::dubbo::Answer;
using meepo::dubbo::Returned;
using testing::HasSubstr;

TEST_F(DubboInvokerTest, WhileAProviderStops_OpenCallsGoOn_AndNewOnesWaitWithoutSpinning) {
  FakeProvider provider(never);
  start_at(provider.url());
  ASSERT_TRUE(told.wait_for({kKey}));
  const auto open = invoke();
  provider.wait_for(1);
  provider.say_stop();
  ASSERT_TRUE(told.wait_for({}));
  const auto began = std::clock();
  const auto waited = wait(invoke("[]", {}, false, milliseconds(600)));
  EXPECT_LT((std::clock() - began) * 1'000 / CLOCKS_PER_SEC, 300) << "milliseconds of the processor in 600 of waiting";
  EXPECT_THAT(waited.error, HasSubstr("could be reached"));
  EXPECT_THAT(waited.error, HasSubstr("the provider stops"));
  provider.answer_open(Returned{});
  EXPECT_EQ(wait(open).outcome, Outcome::Success);
  EXPECT_EQ(provider.calls(), 1U);
}

TEST_F(DubboInvokerTest, NothingIsWrittenToAProviderThatClosesWhatItAccepts_UntilItAnswersAgain) {
  FakeProvider provider(echo);
  start_at(provider.url());
  ASSERT_TRUE(told.wait_for({kKey}));
  provider.close_new(true);
  provider.cut();
  ASSERT_TRUE(told.wait_for({}));
  provider.wait_for_connections(3);  // the second was the first that is closed at once
  const auto tellings = told.times();
  const auto run = invoke("[7]", {"int"});
  provider.wait_for_connections(4);
  EXPECT_EQ(told.times(), tellings) << "it is not offered for a moment each time";
  EXPECT_EQ(run->ended, 0);
  provider.close_new(false);
  const auto result = wait(run);
  EXPECT_EQ(result.outcome, Outcome::Success) << result.error;
  EXPECT_EQ(provider.calls(), 1U);
  EXPECT_TRUE(told.wait_for({kKey}));
}

TEST_F(DubboInvokerTest, CallsThatDoNotFitIntoTheConnectionForNowAreWrittenLater) {
  constexpr int kCalls = 70;  // of about 1 MiB: more than the 64 MiB that may wait
  FakeProvider provider([](const meepo::dubbo::Request&) { return Answer(Returned{}); });
  start_at(provider.url());
  ASSERT_TRUE(told.wait_for({kKey}));
  std::promise<void> all;
  const auto large = "[\"" + std::string((std::size_t{1} << 20U) - 100, 'x') + "\"]";
  std::vector<std::shared_ptr<Run>> runs;
  runs.push_back(invoke("[]", {}, false, kPatience, [&] { all.get_future().wait(); }));
  for (int i = 0; i < kCalls; ++i) runs.push_back(invoke(large, {"java.lang.String"}));
  all.set_value();
  for (const auto& run : runs) {
    const auto result = wait(run);
    ASSERT_EQ(result.outcome, Outcome::Success) << result.error;
  }
  EXPECT_EQ(provider.calls(), kCalls + 1U);
}

TEST_F(DubboInvokerTest, AResultThatIsTooLargeFailsWithItsSize) {
  FakeProvider provider([](const meepo::dubbo::Request& request) {
    return Answer(Returned{.value = request.document->string(std::string(limits::kPayloadBytesMax, 'x'))});
  });
  start_at(provider.url());
  const auto result = wait(invoke());
  EXPECT_EQ(result.outcome, Outcome::Fail);
  EXPECT_THAT(result.error, HasSubstr("at most " + std::to_string(limits::kPayloadBytesMax)));
}

TEST_F(DubboInvokerTest, ACallThatWasNotSentSaysSoWhenItIsCancelled) {
  auto gone = std::make_unique<FakeProvider>(echo);
  const auto url = gone->url();
  gone.reset();
  start_at(url);
  const auto waiting = invoke();
  EXPECT_EQ(wait(invoke("[]", {}, true)).outcome, Outcome::Stopped) << "one after the other: the first waits by now";
  waiting->context->cancel();
  const auto result = wait(waiting);
  EXPECT_EQ(result.outcome, Outcome::Stopped);
  EXPECT_THAT(result.error, HasSubstr("before it was sent"));
}

TEST_F(DubboRegistryTest, ARetryPrefersAnotherProvider_HoweverTheLastAttemptEnded) {
  struct Case {
    const char* name;
    FakeProvider::Serve serve;
    bool cancelled;
  };
  const std::array<Case, 3> cases{
      Case{.name = "exception",
           .serve = [](const meepo::dubbo::Request&) { return Answer(meepo::dubbo::Thrown{.class_name = "a.No", .message = "no"}); },
           .cancelled = false},
      Case{.name = "status",
           .serve =
               [](const meepo::dubbo::Request&) {
                 return Answer(meepo::dubbo::Failed{.status = meepo::dubbo::Status::ServerThreadpoolExhausted, .text = "full"});
               },
           .cancelled = false},
      Case{.name = "timeout", .serve = never, .cancelled = true}};
  start_all();
  for (const auto& each : cases) {
    FakeProvider fails(each.serve);
    FakeProvider works(echo);
    ASSERT_TRUE(told.wait_for({})) << each.name;
    enter(url_of(fails, "com.x.Pay"));
    ASSERT_TRUE(told.wait_for({kKey})) << each.name;
    const auto run = invoke();
    fails.wait_for(1);
    if (each.cancelled) run->context->cancel();
    EXPECT_NE(wait(run).outcome, Outcome::Success);
    enter(url_of(works, "com.x.Pay"));
    enter(url_of(works, "com.x.Pay", "2"));  // who sees it sees the one before
    ASSERT_TRUE(told.wait_for({"service:com.x.Pay:2:", kKey}));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(wait(invoke()).outcome, Outcome::Success) << each.name;
    EXPECT_EQ(fails.calls(), 1U) << each.name;
    leave(url_of(fails, "com.x.Pay"));
    leave(url_of(works, "com.x.Pay"));
    leave(url_of(works, "com.x.Pay", "2"));
  }
}

/// An address that answers no SYN, like that of a machine without power: nobody accepts, and the queue is full.
class BlackHole {
 public:
  BlackHole() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(listener_, 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    for (const int each : fill_) ::connect(each, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  ~BlackHole() {
    ::close(listener_);
    for (const int each : fill_) ::close(each);
  }
  std::uint16_t port() const { return port_; }

 private:
  static int client() { return ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }
  const int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const std::array<int, 4> fill_{client(), client(), client(), client()};
  std::uint16_t port_ = 0;
};

TEST_F(DubboRegistryTest, AnAddressThatDoesNotAnswerHoldsUpCallsOnce) {
  const BlackHole hole;
  FakeProvider works(echo);
  auto dead = url_of(works, "com.x.Pay");
  dead.port = hole.port();
  enter(dead);
  start_all();
  ASSERT_TRUE(told.wait_for({kKey}));
  const auto first = invoke();  // there is no other yet
  enter(url_of(works, "com.x.Pay"));
  EXPECT_EQ(wait(first).outcome, Outcome::Success) << "the other has its turn when the connect deadline has passed";
  // Meanwhile the address is tried again, one time after the other.
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(wait(invoke()).outcome, Outcome::Success);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(2'500));
}

TEST_F(DubboRegistryTest, TheEndOfAListingIsToldAtOnce_ItsCallsEndWell_AndOnesLeftBehindAreCutOff) {
  FakeProvider provider(never);
  enter(url_of(provider, "com.x.Pay"));
  start_all();
  ASSERT_TRUE(told.wait_for({kKey}));
  const auto open = invoke();
  provider.wait_for(1);
  leave(url_of(provider, "com.x.Pay"));
  ASSERT_TRUE(told.wait_for({}));
  provider.answer_open(Returned{});
  EXPECT_EQ(wait(open).outcome, Outcome::Success);
  enter(url_of(provider, "com.x.Pay"));
  ASSERT_TRUE(told.wait_for({kKey}));
  const auto left_behind = invoke();
  provider.wait_for(2);
  leave(url_of(provider, "com.x.Pay"));
  ASSERT_TRUE(told.wait_for({}));
  invoker.reset();
  EXPECT_EQ(left_behind->ended, 0);
}

TEST_F(DubboRegistryTest, ManyServicesAreToldInFewSteps_AndOneByNameDoesNotHideTheOthers) {
  constexpr int kServices = 200;
  FakeProvider provider(echo);
  std::vector<std::string> keys;
  for (int i = 0; i < kServices; ++i) {
    const auto interface = "com.x.Pay" + std::to_string(1'000 + i);
    keys.push_back(service_key(interface, "", ""));
    enter(url_of(provider, interface));
  }
  start_all({{.interface = "com.x.Pay1000", .version = {}, .group = {}, .url = {}}});
  ASSERT_TRUE(told.wait_for(keys));
  EXPECT_LT(told.times(), kServices / 4);
}

}  // namespace
}  // namespace meepo::adapters::dubbo
