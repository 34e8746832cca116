// Command targets as real processes.
#include "adapters/command/command_invoker.h"

#include <gtest/gtest.h>

#include <csignal>
#include <future>

#include "tests/support/played_context.h"

namespace meepo::adapters::command {
namespace {

constexpr std::chrono::seconds kPatience{20};

class CommandInvokerTest : public testing::Test {
 protected:
  void start(CommandInvoker::Options options = {}) {
    options.programs = {"/bin/sh", "/bin/echo", "/usr/bin/env", "/bin/cat"};
    auto started = CommandInvoker::start(std::move(options));
    ASSERT_TRUE(started) << started.error().message;
    invoker_ = *std::move(started);
  }
  std::future<ports::InvokeResult> begin(std::vector<std::string> argv, std::vector<std::pair<std::string, std::string>> env = {}) {
    auto promise = std::make_shared<std::promise<ports::InvokeResult>>();
    auto future = promise->get_future();
    invoker_->invoke(
        {.target = CommandTarget{.argv = std::move(argv), .env = std::move(env)}, .app_id = "shop", .context = context_},
        [this] { ++started_; }, [promise](ports::InvokeResult result) { promise->set_value(std::move(result)); });
    return future;
  }
  ports::InvokeResult run(std::vector<std::string> argv, std::vector<std::pair<std::string, std::string>> env = {}) {
    auto future = begin(std::move(argv), std::move(env));
    if (future.wait_for(kPatience) != std::future_status::ready) {
      ADD_FAILURE() << "no end";
      return {};
    }
    return future.get();
  }
  /// A shell that has said on its log that it is there.
  std::future<ports::InvokeResult> begin_shell(const std::string& script) {
    auto future = begin({"/bin/sh", "-c", "echo ready >&2; " + script});
    while (context_->logged().find("ready") == std::string::npos) std::this_thread::yield();
    return future;
  }

  std::shared_ptr<test::PlayedContext> context_ = std::make_shared<test::PlayedContext>();
  std::atomic<int> started_ = 0;
  std::unique_ptr<CommandInvoker> invoker_;
};

TEST_F(CommandInvokerTest, ExitCodeZeroIsASuccessWithTheOutputAsResult) {
  start();
  auto result = run({"/bin/echo", "-n", "[9007199254740993, 0.10]"});
  EXPECT_EQ(result.outcome, Outcome::Success) << result.error;
  EXPECT_EQ(result.result->encoding, Encoding::Json);
  EXPECT_EQ(result.result->data, "[9007199254740993, 0.10]");
  EXPECT_EQ(started_, 1);
  result = run({"/bin/echo", "done"});
  EXPECT_EQ(result.result->encoding, Encoding::Bytes);
  EXPECT_EQ(result.result->data, "done\n");
  EXPECT_FALSE(run({"/bin/sh", "-c", ":"}).result);
}

TEST_F(CommandInvokerTest, NoShellReadsTheArguments) {
  start();
  EXPECT_EQ(run({"/bin/echo", "$HOME", "; rm -rf x", "`id`"}).result->data, "$HOME ; rm -rf x `id`\n");
}

TEST_F(CommandInvokerTest, AnotherEndFailsWithItsReasonAndTheEndOfStandardError) {
  start();
  auto result = run({"/bin/sh", "-c", "echo no stock >&2; exit 3"});
  EXPECT_EQ(result.outcome, Outcome::Fail);
  EXPECT_EQ(result.error, "exit code 3: no stock\n");
  EXPECT_EQ(context_->logged(), "no stock\n");
  result = run({"/bin/sh", "-c", "kill -KILL $$"});
  EXPECT_EQ(result.outcome, Outcome::Fail);
  EXPECT_EQ(result.error.substr(0, 8), "signal 9");
}

TEST_F(CommandInvokerTest, OnlyListedProgramsRun) {
  start();
  for (const char* program : {"/bin/ls", "echo", "/bin/../bin/echo", ""}) {
    const auto result = run({program});
    EXPECT_EQ(result.outcome, Outcome::Fail);
    EXPECT_NE(result.error.find("--command-allow"), std::string::npos) << program;
  }
}

TEST_F(CommandInvokerTest, TheEnvironmentIsItsOwnAndSaysWhichFiringItIs) {
  setenv("MEEPO_TEST_SECRET", "of the executor", 1);
  start();
  const std::string out = run({"/usr/bin/env"}, {{"SHOP", "7"}, {"MEEPO_ATTEMPT", "99"}}).result->data;
  EXPECT_EQ(out.find("MEEPO_TEST_SECRET"), std::string::npos);
  EXPECT_NE(out.find("SHOP=7\n"), std::string::npos);
  EXPECT_NE(out.find("MEEPO_ATTEMPT=2\n"), std::string::npos);
  EXPECT_NE(out.find("MEEPO_FIRING_ID=" + context_->id().text() + "\n"), std::string::npos);
  EXPECT_NE(out.find("MEEPO_APP=shop\n"), std::string::npos);
}

TEST_F(CommandInvokerTest, StandardInputIsEmpty) {
  start();
  EXPECT_EQ(run({"/bin/cat"}).outcome, Outcome::Success);
}

TEST_F(CommandInvokerTest, ACancelEndsTheWholeGroup) {
  start();
  auto result = begin_shell("sleep 1000 & sleep 1000");
  context_->cancel();
  ASSERT_EQ(result.wait_for(kPatience), std::future_status::ready) << "the sleeper in the background holds the pipes";
  EXPECT_EQ(result.get().outcome, Outcome::Stopped);
  EXPECT_EQ(run({"/bin/echo", "x"}).outcome, Outcome::Stopped) << "cancelled before: nothing is started";
}

TEST_F(CommandInvokerTest, WhoeverIgnoresSigtermIsKilled) {
  start({.programs = {}, .folder = "/", .kill_grace = milliseconds(50)});
  auto result = begin_shell("trap '' TERM; while :; do sleep 0.01; done");
  context_->cancel();
  ASSERT_EQ(result.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(result.get().outcome, Outcome::Stopped);
}

TEST_F(CommandInvokerTest, AProcessLeftBehindIsEndedAndDoesNotHoldTheEndUp) {
  start();
  const auto result = run({"/bin/sh", "-c", "sleep 1000 & echo left"});
  EXPECT_EQ(result.outcome, Outcome::Success) << result.error;
  EXPECT_EQ(result.result->data, "left\n");
}

TEST_F(CommandInvokerTest, OneByteTooManyFails) {
  start({.programs = {}, .folder = "/", .kill_grace = milliseconds(50), .output_bytes = 10});
  EXPECT_EQ(run({"/bin/echo", "-n", "0123456789"}).outcome, Outcome::Success);
  const auto result = run({"/bin/echo", "-n", "01234567890"});
  EXPECT_EQ(result.outcome, Outcome::Fail);
  EXPECT_NE(result.error.find("more than 10 bytes"), std::string::npos);
}

TEST_F(CommandInvokerTest, GoingAwayKillsWhatRuns) {
  start();
  auto result = begin_shell("echo pid $$ >&2; sleep 1000");
  while (context_->logged().find("pid ") == std::string::npos) std::this_thread::yield();
  const std::string logged = context_->logged();
  const int pid = std::stoi(logged.substr(logged.find("pid ") + 4));
  invoker_.reset();
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_THROW(result.get(), std::future_error) << "nobody was told";
}

TEST_F(CommandInvokerTest, ABadSettingIsRefused) {
  EXPECT_EQ(CommandInvoker::start({.programs = {"echo"}}).error().code, Code::InvalidArgument);
  EXPECT_EQ(CommandInvoker::start({.programs = {"/no/such"}}).error().code, Code::InvalidArgument);
  EXPECT_EQ(CommandInvoker::start({.programs = {}, .folder = "/no/such"}).error().field, "command-folder");
}

}  // namespace
}  // namespace meepo::adapters::command
