// meepo executor

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "base/log.h"
#include "command.h"
#include "demo_service.h"
#include "signals.h"

namespace meepo::cli {

namespace {

struct ExecutorFlags {
  ServerFlags credential;
  ExecutorOptions options;
  std::string log_level = "info";
};

int run_executor(ExecutorFlags flags, bool json) {
  const auto level = log::parse_level(flags.log_level);
  if (!level) return tell(level.error(), json, kUsage);
  log::setup(*level, log::Format::Text);
  auto token = read_token(flags.credential);
  if (!token) return tell(token.error(), json, kUsage);
  flags.options.token = std::move(*token);
  hold_stop_signals();
  Executor executor(flags.options);
  add_demo_service(executor);
  if (const auto started = executor.start(); !started) return tell(started.error(), json, kUsage);
  if (json) {
    const boost::json::object ready{{"schedulers", boost::json::array(flags.options.schedulers.begin(), flags.options.schedulers.end())},
                                    {"interfaces", boost::json::array{kDemoInterface}},
                                    {"pid", getpid()}};
    std::puts(boost::json::serialize(ready).c_str());
  } else {
    std::printf("serving %s for", kDemoInterface);
    for (const std::string& scheduler : flags.options.schedulers) std::printf(" %s", scheduler.c_str());
    std::puts("");
  }
  std::fflush(stdout);
  wait_for_stop();
  const std::size_t left = executor.stop();
  if (left == 0) return kOk;
  return tell(
      {.code = Code::Timeout, .message = std::to_string(left) + " runs did not end in time and were left behind", .field = {}, .cause = {}},
      json);
}

}  // namespace

void add_executor(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<ExecutorFlags>();
  CLI::App& command = add_command(app, "executor", "Run an executor that serves meepo.demo.Echo: echo, fail, sleep",
                                  "  meepo executor\n"
                                  "  meepo executor --scheduler 10.0.0.1:7789 --scheduler 10.0.0.2:7789 --name blue --credits 64");
  add_setting(command, "--scheduler", flags->options.schedulers, "gRPC address of a scheduler, HOST:PORT; repeat for more")
      ->take_all()
      ->capture_default_str();
  add_setting(command, "--token", flags->credential.token, "Credential; better in the environment than in the process list");
  add_setting(command, "--token-file", flags->credential.token_file,
              "File whose first line begins with the credential; --token goes before it");
  add_setting(command, "--name", flags->options.name, "For people")->capture_default_str();
  add_setting(command, "--credits", flags->options.credits, "Runs at once")->capture_default_str();
  add_setting(command, "--threads", flags->options.threads, "Threads that call functions; 0: as many as there are processors, at least 4")
      ->capture_default_str();
  add_setting(command, "--log-level", flags->log_level, "debug, info, warn, error or off")->capture_default_str();
  add_json(command, invocation);
  command.callback([flags, &invocation] { invocation.run = [flags, &invocation] { return run_executor(*flags, invocation.json); }; });
}

}  // namespace meepo::cli
