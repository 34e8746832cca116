#include "target_invoker.h"

#include <utility>

#include "adapters/http/call.h"
#include "context.h"

namespace meepo::inline sdk {

namespace {

using adapters::command::CommandInvoker;
using adapters::dubbo::DubboInvoker;
using adapters::http::HttpInvoker;
using adapters::local::FunctionInvoker;

ports::InvokeResult to_result(Answer answer) {
  switch (answer.kind()) {
    case Answer::Kind::Success:
      if (answer.text().empty()) return {.outcome = Outcome::Success, .result = std::nullopt, .error = {}};
      return {.outcome = Outcome::Success, .result = Payload{.encoding = Encoding::Json, .data = answer.text()}, .error = {}};
    case Answer::Kind::Failure: return {.outcome = Outcome::Fail, .result = std::nullopt, .error = answer.text()};
    case Answer::Kind::Stopped: return {.outcome = Outcome::Stopped, .result = std::nullopt, .error = {}};
  }
  return {.outcome = Outcome::Fail, .result = std::nullopt, .error = "the function's answer is of no known kind"};
}

FunctionInvoker::Handler to_invoker_handler(Handler handler) {
  return [handler = std::move(handler)](const Payload& params, ports::RunContext& run) {
    if (!params.empty() && params.encoding != Encoding::Json) {
      return ports::InvokeResult{
          .outcome = Outcome::Fail, .result = std::nullopt, .error = "the task's params are not JSON, which this function takes"};
    }
    RunningContext context(run);
    return to_result(handler(context, params.empty() ? std::string_view("[]") : std::string_view(params.data)));
  };
}

/// Service key → URL. Each host may be reached.
Result<std::map<std::string, std::string>> mapped_services(const std::vector<HttpService>& services, adapters::http::HostRules& rules) {
  std::map<std::string, std::string> urls;
  for (const HttpService& service : services) {
    if (service.interface.empty()) return fail(Code::InvalidArgument, "a service that is called over HTTP has no interface", "services");
    const auto call = adapters::http::call_to(adapters::http::url_of_method(service.url, "method"));
    if (!call) return fail(Error(call.error()).prefixed("the service " + service.interface));
    const bool v6 = call->host.find(':') != std::string::npos;
    const std::string host = (v6 ? "[" + call->host + "]" : call->host) + ":" + std::to_string(call->port);
    if (auto allowed = rules.allow(host); !allowed) return fail(std::move(allowed.error()).prefixed("the service " + service.interface));
    if (!urls.try_emplace(service_key(service.interface, service.version, service.group), service.url).second) {
      return fail(Code::Conflict, "the service " + service.interface + " is mapped twice", "services");
    }
  }
  return urls;
}

}  // namespace

Result<void> TargetInvoker::take_key(std::string key, const std::string& service) {
  if (fixed_keys_.insert(std::move(key)).second) return {};
  return fail(Code::Conflict, "the service " + service + " is mapped to a URL and has functions", "services");
}

Result<void> TargetInvoker::add(const FunctionInvoker::Function& function, Handler handler) {
  if (auto added = functions_.add(function, to_invoker_handler(std::move(handler))); !added) return added;
  fixed_keys_.insert(service_key(function.interface, function.version, function.group));
  return {};
}

Result<void> TargetInvoker::add(const HttpTargets& targets) {
  HttpInvoker::Options options{
      .rules = {}, .signing_key = targets.signing_key, .limits = {}, .trusted_file = targets.trusted_file, .services = {}};
  auto services = mapped_services(targets.services, options.rules);
  if (!services) return fail(std::move(services.error()));
  options.services = *std::move(services);
  for (const std::string& rule : targets.allow) {
    if (auto added = options.rules.allow(rule); !added) return fail(std::move(added.error()));
  }
  if (targets.urls) fixed_keys_.insert(target_key(HttpTarget{}));
  for (const HttpService& service : targets.services) {
    auto key = service_key(service.interface, service.version, service.group);
    http_services_.insert(key);
    if (auto taken = take_key(std::move(key), service.interface); !taken) return taken;
  }
  auto http = HttpInvoker::start(std::move(options));
  if (!http) return fail(std::move(http.error()));
  http_ = *std::move(http);
  return {};
}

Result<void> TargetInvoker::add(const CommandTargets& targets) {
  auto commands = CommandInvoker::start({.programs = targets.allow, .folder = targets.folder});
  if (!commands) return fail(std::move(commands.error()));
  commands_ = *std::move(commands);
  fixed_keys_.insert(target_key(CommandTarget{}));
  return {};
}

Result<void> TargetInvoker::add(const DubboTargets& targets, std::function<void(std::vector<std::string>)> changed) {
  DubboInvoker::Options options;
  options.all = targets.all;
  if (!targets.registry.empty()) {
    auto registry = adapters::zookeeper::parse_registry_url(targets.registry);
    if (!registry) return fail(std::move(registry.error()).prefixed("the registry"));
    options.registry = *std::move(registry);
  }
  for (const DubboService& service : targets.services) {
    const auto key = service_key(service.interface, service.version, service.group);
    if (fixed_keys_.contains(key)) {
      return fail(Code::Conflict, "the service " + service.interface + " is called over Dubbo and served here otherwise", "services");
    }
    options.services.push_back({.interface = service.interface, .version = service.version, .group = service.group, .url = service.url});
  }
  options.on_targets = [fixed = fixed_keys_, changed = std::move(changed)](std::vector<std::string> keys) {
    // What has functions or a URL here stays with them.
    auto all = fixed;
    all.insert(std::make_move_iterator(keys.begin()), std::make_move_iterator(keys.end()));
    changed({all.begin(), all.end()});
  };
  auto dubbo = DubboInvoker::start(std::move(options));
  if (!dubbo) return fail(std::move(dubbo.error()));
  dubbo_ = *std::move(dubbo);
  return {};
}

void TargetInvoker::invoke(ports::Invocation invocation, std::move_only_function<void()> started,
                           std::move_only_function<void(ports::InvokeResult)> done) {
  const auto key = target_key(invocation.target);
  ports::Invoker* invoker = &functions_;
  if (std::holds_alternative<HttpTarget>(invocation.target) || http_services_.contains(key)) {
    if (http_) invoker = http_.get();
  } else if (std::holds_alternative<CommandTarget>(invocation.target)) {
    if (commands_) invoker = commands_.get();
  } else if (dubbo_ && !fixed_keys_.contains(key)) {
    invoker = dubbo_.get();
  }
  invoker->invoke(std::move(invocation), std::move(started), std::move(done));
}

}  // namespace meepo::inline sdk
