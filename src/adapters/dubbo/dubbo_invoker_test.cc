// The invoker against providers in this process, by address and by the real registry.
#include "adapters/dubbo/dubbo_invoker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/dubbo/tests/fixture.h"
#include "protocol/hessian2/decoder.h"

namespace meepo::adapters::dubbo {
namespace {

using meepo::dubbo::Answer;
using testing::HasSubstr;

TEST_F(DubboInvokerTest, ACallGoesToTheProviderAndItsValueComesBack) {
  FakeProvider provider(echo);
  start_at(provider.url());
  ASSERT_TRUE(told.wait_for({kKey}));
  const auto run = invoke("[5]", {"long"});
  const auto result = wait(run);
  EXPECT_EQ(result.outcome, Outcome::Success) << result.error;
  EXPECT_EQ(result.result->encoding, Encoding::Hessian2);
  hessian2::Document document;
  EXPECT_EQ(hessian2::decode(result.result->data, document)->kind(), hessian2::Kind::Long);
  EXPECT_EQ(run->started, 1);
  EXPECT_EQ(provider.wait_for(1)[0].attachments["meepo.attempt"], "2");
}

TEST_F(DubboInvokerTest, AThousandCallsShareOneConnection) {
  FakeProvider provider(echo);
  start_at(provider.url());
  std::vector<std::shared_ptr<Run>> runs;
  for (int i = 0; i < 1'000; ++i) runs.push_back(invoke("[" + std::to_string(i) + "]", {"int"}));
  for (int i = 0; i < 1'000; ++i) {
    const auto result = wait(runs[static_cast<std::size_t>(i)]);
    ASSERT_EQ(result.outcome, Outcome::Success) << result.error;
    hessian2::Document document;
    EXPECT_EQ(hessian2::decode(result.result->data, document)->number(), i);
  }
  EXPECT_EQ(provider.calls(), 1'000U);
  EXPECT_EQ(provider.connections(), 1U);
}

/// More than is read in a row.
TEST_F(DubboInvokerTest, LongAnswersOneBehindTheOtherArriveWhole) {
  constexpr std::size_t kOctets = 1'000'000;
  FakeProvider provider(echo);
  start_at(provider.url());
  std::vector<std::shared_ptr<Run>> runs;
  for (char c = 'a'; c <= 't'; ++c) runs.push_back(invoke("[\"" + std::string(kOctets, c) + "\"]", {"java.lang.String"}));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto result = wait(runs[i]);
    ASSERT_EQ(result.outcome, Outcome::Success) << result.error;
    hessian2::Document document;
    EXPECT_EQ(hessian2::decode(result.result->data, document)->text(), std::string(kOctets, static_cast<char>('a' + i)));
  }
}

TEST_F(DubboInvokerTest, ExceptionsAndStatusesAreFailures) {
  FakeProvider provider([](const meepo::dubbo::Request& request) -> std::optional<Answer> {
    if (request.arguments[0].number() == 1) return meepo::dubbo::Thrown{.class_name = "com.x.NoMoney", .message = "not enough"};
    return meepo::dubbo::Failed{.status = meepo::dubbo::Status::ServerThreadpoolExhausted, .text = "pool is full"};
  });
  start_at(provider.url());
  const auto thrown = wait(invoke("[1]", {"int"}));
  EXPECT_EQ(thrown.outcome, Outcome::Fail);
  EXPECT_THAT(thrown.error, HasSubstr("com.x.NoMoney"));
  EXPECT_THAT(thrown.error, HasSubstr("not enough"));
  EXPECT_THAT(wait(invoke("[2]", {"int"})).error,
              HasSubstr("SERVER_THREADPOOL_EXHAUSTED (nothing ran) to com.x.Pay#settle(int): pool is full"));
}

TEST_F(DubboInvokerTest, ACancelledCallIsForgotten_AndALateAnswerHarmsNobody) {
  std::promise<void> go;
  FakeProvider provider([&, held = go.get_future().share()](const meepo::dubbo::Request& request) -> std::optional<Answer> {
    if (request.arguments[0].number() == 1) held.wait();
    return echo(request);
  });
  start_at(provider.url());
  const auto run = invoke("[1]", {"int"});
  provider.wait_for(1);
  run->context->cancel();
  EXPECT_EQ(wait(run).outcome, Outcome::Stopped);
  go.set_value();
  EXPECT_EQ(wait(invoke("[2]", {"int"})).outcome, Outcome::Success);
  EXPECT_EQ(run->ended, 1);
  EXPECT_EQ(wait(invoke("[3]", {"int"}, true)).outcome, Outcome::Stopped) << "cancelled before";
  EXPECT_EQ(provider.calls(), 2U);
}

TEST_F(DubboInvokerTest, AProviderThatGoesInTheMiddleEndsTheAttempt_ItIsCalledOnce) {
  FakeProvider provider(never);
  start_at(provider.url());
  const auto run = invoke();
  provider.wait_for(1);
  provider.cut();
  const auto result = wait(run);
  EXPECT_EQ(result.outcome, Outcome::Fail);
  EXPECT_THAT(result.error, HasSubstr("it may have run"));
  EXPECT_EQ(provider.calls(), 1U);
}

TEST_F(DubboInvokerTest, NobodyThere_FailsAfterTheWaitWithEachReason_AndIsNotOffered) {
  auto gone = std::make_unique<FakeProvider>(echo);
  const auto url = gone->url();
  gone.reset();
  start_at(url);
  ASSERT_TRUE(told.wait_for({}));
  const auto result = wait(invoke("[]", {}, false, milliseconds(300)));
  EXPECT_EQ(result.outcome, Outcome::Fail);
  EXPECT_THAT(result.error, HasSubstr("no provider of com.x.Pay#settle could be reached"));
  EXPECT_THAT(result.error, HasSubstr("Connection refused"));
}

TEST_F(DubboInvokerTest, AnAttemptWaitsForAProviderThatComesBack_AndItIsOfferedAgain) {
  auto first = std::make_unique<FakeProvider>(echo);
  const auto port = first->port();
  start_at(first->url());
  ASSERT_TRUE(told.wait_for({kKey}));
  first.reset();
  ASSERT_TRUE(told.wait_for({}));
  const auto run = invoke("[7]", {"int"});
  FakeProvider second(echo, port);
  EXPECT_EQ(wait(run).outcome, Outcome::Success);
  EXPECT_TRUE(told.wait_for({kKey}));
}

TEST_F(DubboInvokerTest, AProviderThatSaysItStops_AnswersWhatItHas_AndGetsNothingNew) {
  std::promise<void> go;
  FakeProvider provider([&, held = go.get_future().share()](const meepo::dubbo::Request& request) -> std::optional<Answer> {
    if (request.arguments[0].number() == 1) held.wait();
    return echo(request);
  });
  start_at(provider.url());
  ASSERT_TRUE(told.wait_for({kKey}));
  const auto run = invoke("[1]", {"int"});
  provider.wait_for(1);
  go.set_value();
  EXPECT_EQ(wait(run).outcome, Outcome::Success);
  provider.say_stop();
  EXPECT_TRUE(told.wait_for({})) << "it is not offered while it stops";
}

TEST_F(DubboInvokerTest, RefusesOptionsThatAreNone) {
  const auto refused = [](DubboInvoker::Options options) { return DubboInvoker::start(std::move(options)).error(); };
  DubboInvoker::Options all;
  all.all = true;
  EXPECT_EQ(refused(std::move(all)).field, "registry");
  for (const auto* url : {"10.0.0.7:20880", "tri://10.0.0.7:20880", "dubbo://10.0.0.7"}) {
    DubboInvoker::Options options;
    options.services.push_back({.interface = "a.B", .version = {}, .group = {}, .url = url});
    EXPECT_THAT(refused(std::move(options)).message, HasSubstr("expected dubbo://HOST:PORT")) << url;
  }
  DubboInvoker::Options twice;
  for (int i = 0; i < 2; ++i) twice.services.push_back({.interface = "a.B", .version = {}, .group = {}, .url = "dubbo://127.0.0.1:1"});
  EXPECT_EQ(refused(std::move(twice)).code, Code::Conflict);
}

TEST_F(DubboRegistryTest, EveryServiceThatHasProvidersIsOffered_AndWithdrawnWithTheLast) {
  FakeProvider first(echo);
  FakeProvider second(echo);
  enter(url_of(first, "com.x.Pay"));
  start_all();
  ASSERT_TRUE(told.wait_for({kKey}));
  enter(url_of(second, "com.x.Books", "1.0"));
  EXPECT_TRUE(told.wait_for({"service:com.x.Books:1.0:", kKey}));
  EXPECT_EQ(wait(invoke()).outcome, Outcome::Success);
  leave(url_of(first, "com.x.Pay"));
  EXPECT_TRUE(told.wait_for({"service:com.x.Books:1.0:"}));
  EXPECT_THAT(wait(invoke("[]", {}, false, milliseconds(200))).error, HasSubstr("none is registered"));
}

TEST_F(DubboRegistryTest, AProviderThatCannotBeReachedIsReplaced_OneThatFailsIsAvoidedByTheRetry) {
  auto dead = std::make_unique<FakeProvider>(echo);
  const auto dead_url = url_of(*dead, "com.x.Pay");
  dead.reset();
  FakeProvider fails(
      [](const meepo::dubbo::Request&) { return Answer(meepo::dubbo::Failed{.status = meepo::dubbo::Status::ServerError, .text = "no"}); });
  FakeProvider works(echo);
  enter(dead_url);
  enter(url_of(fails, "com.x.Pay"));
  start_all();
  ASSERT_TRUE(told.wait_for({kKey}));
  EXPECT_THAT(wait(invoke()).error, HasSubstr("SERVER_ERROR")) << "the dead one was passed over";
  enter(url_of(works, "com.x.Pay"));
  enter(url_of(works, "com.x.Pay", "2"));  // who sees it sees the one before
  ASSERT_TRUE(told.wait_for({"service:com.x.Pay:2:", kKey}));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(wait(invoke()).outcome, Outcome::Success) << "the same firing again: not where it failed";
  EXPECT_EQ(fails.calls(), 1U);
}

TEST_F(DubboRegistryTest, ARuleTakesAProviderOut) {
  FakeProvider provider(echo);
  enter(url_of(provider, "com.x.Pay"));
  start_all();
  ASSERT_TRUE(told.wait_for({kKey}));
  const auto rule =
      zookeeper::parse_dubbo_url("override://0.0.0.0/com.x.Pay?category=configurators&dynamic=false&enabled=true&disabled=true").value();
  ASSERT_TRUE(session_->create("/dubbo/com.x.Pay/configurators/" + zookeeper::node_name(rule)));
  EXPECT_TRUE(told.wait_for({}));
  ASSERT_TRUE(session_->remove("/dubbo/com.x.Pay/configurators/" + zookeeper::node_name(rule)));
  EXPECT_TRUE(told.wait_for({kKey}));
}

}  // namespace
}  // namespace meepo::adapters::dubbo
