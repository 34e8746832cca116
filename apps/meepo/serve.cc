#include "serve.h"

#include <CLI/Validators.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "notify.h"
#include "signals.h"
#include "threads.h"
#include "version.h"

namespace meepo::cli {

namespace {

constexpr milliseconds kDrain{10'000};
constexpr std::uint64_t kRetentionTasksMax = 1'000'000'000;
constexpr std::uint64_t kRetentionDaysMax = 3'660;

void print_json(const Server& server, const ServerSettings& settings) {
  boost::json::object ready{
      {"http", server.http()}, {"grpc", server.grpc()}, {"zone", server.zone()}, {"dataDir", nullptr}, {"pid", getpid()}};
  if (!settings.data_dir.empty()) ready["dataDir"] = settings.data_dir;
  if (!server.dubbo().empty()) ready["dubbo"] = server.dubbo();
  std::puts(boost::json::serialize(ready).c_str());
}

void print_text(const Server& server, const ServeFlags& flags) {
  std::printf("Meepo %s is ready.\n", kVersion);
  std::printf("  HTTP   http://%s\n", server.http().c_str());
  std::printf("  gRPC   %s\n", server.grpc().c_str());
  if (!server.dubbo().empty()) std::printf("  Dubbo  %s\n", server.dubbo().c_str());
  std::printf("  zone   %s\n", server.zone().c_str());
  std::printf("  data   %s\n",
              flags.settings.data_dir.empty() ? "in memory, gone when this process ends" : flags.settings.data_dir.c_str());
  if (!flags.settings.inside_executor) return;
  const std::string authorization = flags.settings.token_file.empty() ? "" : " -H \"Authorization: Bearer $MEEPO_TOKEN\"";
  std::printf(
      "\nTry it:\n"
      "  curl -s http://%s/v1/tasks -H 'Content-Type: application/json'%s -d '%s'\n",
      server.http().c_str(), authorization.c_str(),
      R"({"appId":"demo","kind":"REAL","target":{"service":{"interface":"meepo.demo.Echo","method":"echo","params":["hello"]}}})");
}

Result<void> set_up_log(const ServeFlags& flags) {
  const auto level = log::parse_level(flags.log_level);
  if (!level)
    return fail(Code::InvalidArgument, "--log-level is \"" + flags.log_level + "\"; expected debug, info, warn, error or off",
                "--log-level");
  const auto format = log::parse_format(flags.log_format);
  if (!format) return fail(Code::InvalidArgument, "--log-format is \"" + flags.log_format + "\"; expected text or json", "--log-format");
  log::setup(*level, *format);
  return {};
}

}  // namespace

std::string default_data_dir() {
  const char* const data_home = std::getenv("XDG_DATA_HOME");
  if (data_home != nullptr && *data_home != '\0') return std::string(data_home) + "/meepo";
  const char* const home = std::getenv("HOME");
  return home != nullptr && *home != '\0' ? std::string(home) + "/.local/share/meepo" : std::string();
}

void add_serve_flags(CLI::App& app, ServeFlags& flags) {
  flags.settings.data_dir = default_data_dir();
  CLI::Option* data_dir = add_setting(app, "--data-dir", flags.settings.data_dir, "Folder that keeps everything")->capture_default_str();
  CLI::Option* ephemeral = add_switch(app, "--ephemeral", flags.ephemeral, "Keep everything in memory, gone when the process ends");
  ephemeral->excludes(data_dir);
  add_setting(app, "--http", flags.settings.http, "Where HTTP listens, HOST:PORT; port 0: any")->capture_default_str();
  add_setting(app, "--grpc", flags.settings.grpc, "Where gRPC listens, HOST:PORT; port 0: any")->capture_default_str();
  add_setting(app, "--dubbo", flags.settings.dubbo.address,
              std::string("Where Dubbo consumers find the TaskService, HOST:PORT; port 0: any (default: nowhere, with --registry ") +
                  kDubboAddressDefault + ")");
  add_setting(app, "--registry", flags.settings.dubbo.registry, "Dubbo registry: zookeeper://h1:2181?backup=h2:2181,h3:2181");
  add_setting(app, "--dubbo-advertise", flags.settings.dubbo.advertise,
              "HOST[:PORT] to register (default: where it listens, or how this machine reaches ZooKeeper)");
  add_setting(app, "--dubbo-anonymous", flags.settings.dubbo.anonymous,
              "Who may call over Dubbo without a token, APP=ROLE@ADDRESS/BITS: shop=client@10.0.0.0/8; repeat for more")
      ->take_all();
  add_setting(app, "--zone", flags.settings.zone, "IANA time zone of tasks that name none (default: the system's)");
  add_setting(app, "--token-file", flags.settings.token_file, "Who may do what, a line each: TOKEN ROLE [NAME]; needed beyond loopback");
  add_setting(app, "--retention-tasks", flags.settings.retention_tasks, "Ended tasks kept, the newest; at least 64")
      ->check(CLI::Range(std::uint64_t{kShardCount}, kRetentionTasksMax))
      ->capture_default_str();
  add_setting(app, "--retention-days", flags.settings.retention_days, "Days that an ended task is kept at most")
      ->check(CLI::Range(std::uint64_t{1}, kRetentionDaysMax))
      ->capture_default_str();
  add_setting(app, "--log-level", flags.log_level, "debug, info, warn, error or off")->capture_default_str();
  add_setting(app, "--log-format", flags.log_format, "text or json, to standard error")->capture_default_str();
  add_switch(app, "--log-firings", flags.settings.log_firings, "A line for each step of each firing");
}

int serve(ServeFlags flags, bool json) {
  if (const auto log = set_up_log(flags); !log) return tell(log.error(), json, kUsage);
  if (flags.ephemeral) {
    flags.settings.data_dir.clear();
  } else if (flags.settings.data_dir.empty()) {
    return tell({.code = Code::InvalidArgument,
                 .message = "--data-dir is missing, and neither XDG_DATA_HOME nor HOME says where it could be",
                 .field = "--data-dir",
                 .cause = {}},
                json, kUsage);
  }
  flags.settings.inside_executor = flags.is_dev && !flags.no_executor;
  flags.settings.on_failure = [] { kill(getpid(), SIGTERM); };
  if (const auto checked = check_threads(); !checked) return tell(checked.error(), json);
  hold_stop_signals();
  auto server = Server::start(flags.settings);
  if (!server) return tell(server.error(), json, server.error().code == Code::InvalidArgument ? kUsage : kFailure);
  json ? print_json(**server, flags.settings) : print_text(**server, flags);
  std::fflush(stdout);
  notify_systemd("READY=1");
  wait_for_stop();
  log::info("stop");
  notify_systemd("STOPPING=1");
  const bool failed = (*server)->failed();
  (*server)->stop(failed ? milliseconds(0) : kDrain);
  const int code = failed ? kFailure : kOk;
  end_by_force_later(code);
  return code;
}

}  // namespace meepo::cli
