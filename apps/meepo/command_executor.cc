// meepo executor

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>

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
  bool serves_http = false;
  HttpTargets http;
  std::string http_key_file;
  std::vector<std::string> provide;
  std::vector<std::string> invoke;
  CommandTargets commands;
};

/// "IFACE[:VERSION[:GROUP]]".
Result<HttpService> service_of(const std::string& provide, const std::string& url) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= provide.size();) {
    const auto colon = std::min(provide.find(':', from), provide.size());
    parts.push_back(provide.substr(from, colon - from));
    from = colon + 1;
  }
  if (parts.size() > 3 || parts[0].empty()) {
    return fail(Code::InvalidArgument, "--provide is \"" + provide + "\": expected INTERFACE, INTERFACE:VERSION or INTERFACE:VERSION:GROUP",
                "--provide");
  }
  parts.resize(3);
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    return fail(Code::InvalidArgument, "--invoke is \"" + url + "\": expected http://HOST/… or https://HOST/…", "--invoke");
  }
  return HttpService{.interface = parts[0], .url = url, .version = parts[1], .group = parts[2]};
}

Result<std::vector<HttpService>> services_of(const ExecutorFlags& flags) {
  if (flags.provide.size() != flags.invoke.size()) {
    return fail(Code::InvalidArgument,
                "--provide is given " + std::to_string(flags.provide.size()) + " times and --invoke " +
                    std::to_string(flags.invoke.size()) + ": expected one --invoke for each --provide, in the same order",
                "--invoke");
  }
  std::vector<HttpService> services;
  for (std::size_t i = 0; i < flags.provide.size(); ++i) {
    auto service = service_of(flags.provide[i], flags.invoke[i]);
    if (!service) return fail(std::move(service.error()));
    services.push_back(*std::move(service));
  }
  return services;
}

/// What the flags say of HTTP targets; nothing: they are not served.
Result<std::optional<HttpTargets>> http_targets(ExecutorFlags& flags) {
  if (auto services = services_of(flags)) {
    flags.http.services = *std::move(services);
  } else {
    return fail(std::move(services.error()));
  }
  flags.http.urls = flags.serves_http;
  if (!flags.serves_http && flags.http.services.empty()) {
    const bool said = !flags.http.allow.empty() || !flags.http.trusted_file.empty() || !flags.http_key_file.empty();
    if (said)
      return fail(Code::InvalidArgument, "HTTP targets are not served: expected --http-targets or --provide beside it", "--http-targets");
    return std::nullopt;
  }
  if (!flags.http_key_file.empty()) {
    auto key = read_secret(flags.http_key_file, "--http-key-file");
    if (!key) return fail(std::move(key.error()));
    flags.http.signing_key = *std::move(key);
  }
  return flags.http;
}

int run_executor(ExecutorFlags flags, bool json) {
  const auto level = log::parse_level(flags.log_level);
  if (!level) return tell(level.error(), json, kUsage);
  log::setup(*level, log::Format::Text);
  auto token = read_token(flags.credential);
  if (!token) return tell(token.error(), json, kUsage);
  flags.options.token = std::move(*token);
  auto http = http_targets(flags);
  if (!http) return tell(http.error(), json, kUsage);
  flags.options.http = *std::move(http);
  if (!flags.commands.allow.empty()) flags.options.commands = flags.commands;
  hold_stop_signals();
  Executor executor(flags.options);
  add_demo_service(executor);
  if (const auto started = executor.start(); !started) return tell(started.error(), json, kUsage);
  if (json) {
    boost::json::array interfaces{kDemoInterface};
    for (const HttpService& service : flags.http.services) interfaces.emplace_back(service.interface);
    const boost::json::object ready{{"schedulers", boost::json::array(flags.options.schedulers.begin(), flags.options.schedulers.end())},
                                    {"interfaces", interfaces},
                                    {"http", flags.serves_http},
                                    {"commands", flags.options.commands.has_value()},
                                    {"pid", getpid()}};
    std::puts(boost::json::serialize(ready).c_str());
  } else {
    std::printf("serving %s", kDemoInterface);
    for (const HttpService& service : flags.http.services) std::printf(", %s at %s", service.interface.c_str(), service.url.c_str());
    std::printf("%s%s for", flags.serves_http ? ", HTTP targets" : "", flags.options.commands ? ", commands" : "");
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
  CLI::App& command = add_command(app, "executor", "Run an executor for meepo.demo.Echo (echo, fail, sleep), HTTP requests and commands",
                                  "  meepo executor\n"
                                  "  meepo executor --provide com.acme.Books --invoke 'http://books.internal:8080/tasks/{method}'\n"
                                  "  meepo executor --http-targets --http-allow billing.internal:8080 --http-key-file /etc/meepo/http-key\n"
                                  "  meepo executor --command-allow /usr/local/bin/close-books --command-folder /var/lib/books\n"
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
  add_switch(command, "--http-targets", flags->serves_http, "Send the requests of tasks with an HTTP target");
  add_setting(command, "--http-allow", flags->http.allow,
              "A host that is no public address and may be reached: HOST, HOST:PORT, *.DOMAIN, an IP address or network; repeat for more")
      ->take_all();
  add_setting(command, "--provide", flags->provide,
              "Serve this interface, INTERFACE[:VERSION[:GROUP]], by its --invoke; repeat both for more")
      ->take_all();
  add_setting(command, "--invoke", flags->invoke,
              "URL that the methods of its --provide are posted to; {method} in it stands for the method's name, else it is the last part")
      ->take_all();
  add_setting(command, "--http-key-file", flags->http_key_file,
              "File whose first line is the key that requests are signed with (Meepo-Signature)");
  add_setting(command, "--http-trust", flags->http.trusted_file, "PEM certificates of private authorities, beside the system's");
  add_setting(command, "--command-allow", flags->commands.allow,
              "Absolute path of a program that tasks with a command target may run; repeat for more")
      ->take_all();
  add_setting(command, "--command-folder", flags->commands.folder, "Working directory of commands")->capture_default_str();
  add_setting(command, "--log-level", flags->log_level, "debug, info, warn, error or off")->capture_default_str();
  add_json(command, invocation);
  command.callback([flags, &invocation] { invocation.run = [flags, &invocation] { return run_executor(*flags, invocation.json); }; });
}

}  // namespace meepo::cli
