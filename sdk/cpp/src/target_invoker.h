#pragma once
// The invoker behind meepo::Executor: each target to the invoker of its kind. What no invoker serves never arrives: the hello does not
// name it.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "adapters/command/command_invoker.h"
#include "adapters/dubbo/dubbo_invoker.h"
#include "adapters/http/http_invoker.h"
#include "adapters/local/function_invoker.h"
#include "meepo/executor.h"
#include "ports/invoker.h"

namespace meepo::inline sdk {

class TargetInvoker final : public ports::Invoker {
 public:
  explicit TargetInvoker(std::size_t threads) : functions_({.threads = threads}) {}

  // Before the executor starts. InvalidArgument: a setting. Conflict: a service that is served already. Unavailable: certificates.
  Result<void> add(const adapters::local::FunctionInvoker::Function& function, Handler handler);
  Result<void> add(const HttpTargets& targets);
  Result<void> add(const CommandTargets& targets);
  /// `changed` is called with all target keys (not only Dubbo's), from another thread, when what can be called has changed.
  Result<void> add(const DubboTargets& targets, std::function<void(std::vector<std::string>)> changed);

  /// What is served now, but for Dubbo services, which `changed` tells of.
  const std::set<std::string>& target_keys() const { return fixed_keys_; }

  void invoke(ports::Invocation invocation, std::move_only_function<void()> started,
              std::move_only_function<void(ports::InvokeResult)> done) override;

 private:
  Result<void> take_key(std::string key, const std::string& service);

  adapters::local::FunctionInvoker functions_;
  std::unique_ptr<adapters::http::HttpInvoker> http_;
  std::unique_ptr<adapters::command::CommandInvoker> commands_;
  std::unique_ptr<adapters::dubbo::DubboInvoker> dubbo_;
  std::set<std::string> fixed_keys_;
  std::set<std::string> http_services_;  ///< keys of services that are called over HTTP
};

}  // namespace meepo::inline sdk
