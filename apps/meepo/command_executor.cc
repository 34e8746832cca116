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
#include "threads.h"

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
  DubboTargets dubbo;
};

/// "IFACE[:VERSION[:GROUP]]".
Result<DubboService> service_of(const std::string& provide) {
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
  return DubboService{.interface = parts[0], .url = {}, .version = parts[1], .group = parts[2]};
}

/// Puts each service that is called at an address of its own where its --invoke says.
Result<void> put_addressed(ExecutorFlags& flags) {
  if (flags.provide.size() != flags.invoke.size()) {
    return fail(Code::InvalidArgument,
                "--provide is given " + std::to_string(flags.provide.size()) + " times and --invoke " +
                    std::to_string(flags.invoke.size()) + ": expected one --invoke for each --provide, in the same order" +
                    (flags.invoke.empty() ? ", or --registry" : ""),
                "--invoke");
  }
  for (std::size_t i = 0; i < flags.provide.size(); ++i) {
    auto service = service_of(flags.provide[i]);
    if (!service) return fail(std::move(service.error()));
    const std::string& url = flags.invoke[i];
    if (url.starts_with("dubbo://")) {
      service->url = url;
      flags.dubbo.services.push_back(*std::move(service));
    } else if (url.starts_with("http://") || url.starts_with("https://")) {
      flags.http.services.push_back({.interface = service->interface, .url = url, .version = service->version, .group = service->group});
    } else {
      return fail(Code::InvalidArgument, "--invoke is \"" + url + "\": expected http://HOST/…, https://HOST/… or dubbo://HOST:PORT",
                  "--invoke");
    }
  }
  return {};
}

/// Which services are called, and where. With --registry and no --invoke their providers are looked up there: of those that --provide
/// names, or of all.
Result<void> put_services(ExecutorFlags& flags) {
  if (flags.dubbo.registry.empty() || !flags.invoke.empty()) return put_addressed(flags);
  flags.dubbo.all = flags.provide.empty();
  for (const std::string& provide : flags.provide) {
    auto service = service_of(provide);
    if (!service) return fail(std::move(service.error()));
    flags.dubbo.services.push_back(*std::move(service));
  }
  return {};
}

/// What the flags say of HTTP targets; nothing: they are not served.
Result<std::optional<HttpTargets>> http_targets(ExecutorFlags& flags) {
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
  if (const auto services = put_services(flags); !services) return tell(services.error(), json, kUsage);
  auto http = http_targets(flags);
  if (!http) return tell(http.error(), json, kUsage);
  flags.options.http = *std::move(http);
  if (!flags.commands.allow.empty()) flags.options.commands = flags.commands;
  if (!flags.dubbo.services.empty() || flags.dubbo.all) flags.options.dubbo = flags.dubbo;
  if (const auto checked = check_threads(); !checked) return tell(checked.error(), json);
  hold_stop_signals();
  Executor executor(flags.options);
  add_demo_service(executor);
  if (const auto started = executor.start(); !started) return tell(started.error(), json, kUsage);
  if (json) {
    boost::json::array interfaces{kDemoInterface};
    for (const HttpService& service : flags.http.services) interfaces.emplace_back(service.interface);
    for (const DubboService& service : flags.dubbo.services) interfaces.emplace_back(service.interface);
    const boost::json::object ready{{"schedulers", boost::json::array(flags.options.schedulers.begin(), flags.options.schedulers.end())},
                                    {"interfaces", interfaces},
                                    {"http", flags.serves_http},
                                    {"commands", flags.options.commands.has_value()},
                                    {"registry", flags.dubbo.all},
                                    {"pid", getpid()}};
    std::puts(boost::json::serialize(ready).c_str());
  } else {
    std::printf("serving %s", kDemoInterface);
    for (const HttpService& service : flags.http.services) std::printf(", %s at %s", service.interface.c_str(), service.url.c_str());
    for (const DubboService& service : flags.dubbo.services) {
      std::printf(", %s at %s", service.interface.c_str(), service.url.empty() ? "its registered providers" : service.url.c_str());
    }
    std::printf("%s%s%s for", flags.dubbo.all ? ", every service of the registry" : "", flags.serves_http ? ", HTTP targets" : "",
                flags.options.commands ? ", commands" : "");
    for (const std::string& scheduler : flags.options.schedulers) std::printf(" %s", scheduler.c_str());
    std::puts("");
  }
  std::fflush(stdout);
  wait_for_stop();
  const std::size_t left = executor.stop();
  end_by_force_later(left == 0 ? kOk : kFailure);
  if (left == 0) return kOk;
  return tell(
      {.code = Code::Timeout, .message = std::to_string(left) + " runs did not end in time and were left behind", .field = {}, .cause = {}},
      json);
}

}  // namespace

void add_executor(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<ExecutorFlags>();
  CLI::App& command = add_command(app, "executor", "Run an executor for Dubbo services, HTTP requests, commands and meepo.demo.Echo",
                                  "  meepo executor\n"
                                  "  meepo executor --provide com.acme.Books --invoke 'http://books.internal:8080/tasks/{method}'\n"
                                  "  meepo executor --registry 'zookeeper://h1:2181?backup=h2:2181'\n"
                                  "  meepo executor --provide com.acme.Pay:1.0.0 --invoke dubbo://10.0.0.7:20880\n"
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
              "Serve this interface, INTERFACE[:VERSION[:GROUP]], by its --invoke or its providers in --registry; repeat for more")
      ->take_all();
  add_setting(command, "--invoke", flags->invoke,
              "Where the methods of its --provide are called: dubbo://HOST:PORT, or a URL that they are posted to; {method} in it stands "
              "for the method's name, else it is the last part")
      ->take_all();
  add_setting(command, "--registry", flags->dubbo.registry,
              "Dubbo registry, zookeeper://h1:2181?backup=h2:2181: without --provide every service that has providers there is served");
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
