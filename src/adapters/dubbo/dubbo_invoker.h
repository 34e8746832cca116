#pragma once
// The Invoker of Dubbo services: each attempt is one call of one provider (request.h), from one thread with all connections.
// Where providers are is said by a ZooKeeper registry, which is watched, or by a fixed address. An attempt writes at most one request:
// a provider that is not reached is replaced by another for kProviderWait; whatever happens after the request was written ends the
// attempt, and the task's retry policy decides.
//
// What a provider gets beside the arguments: attachments meepo.firingId, meepo.tick, meepo.attempt, meepo.deadline (Unix ms),
// meepo.traceId (32 hexadecimal digits, the same on every attempt of a firing), appId.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/zookeeper/registry_url.h"
#include "base/result.h"
#include "base/time.h"
#include "ports/invoker.h"

namespace meepo::adapters::dubbo {

inline constexpr milliseconds kProviderWait{5'000};  ///< for a provider that can be reached, before the request was written
inline constexpr std::size_t kFailedFiringsKept = 10'000;  ///< whose last provider is remembered, so that a retry prefers another
inline constexpr std::size_t kServicesMax = 9'900;  ///< an executor may name 10,000, with what it serves otherwise

class Directory;

class DubboInvoker final : public ports::Invoker {
 public:
  struct Service {
    std::string interface;
    std::string version;  ///< empty: none
    std::string group;    ///< empty: none
    std::string url;      ///< "dubbo://HOST:PORT"; empty: its providers are in the registry
  };
  struct Options {
    std::optional<zookeeper::RegistryUrl> registry;
    std::vector<Service> services;
    bool all = false;  ///< every service that has providers in the registry
    /// Called with all target keys (task/target.h, sorted) that can be called now: at the start, and when they have changed; changes that
    /// follow each other within 100 ms come as one. A registered service can be called while it has a provider that is not disabled, one
    /// with a fixed address while it is connected. On the invoker's thread; not after the destructor has returned.
    std::move_only_function<void(std::vector<std::string> target_keys)> on_targets;
  };

  /// InvalidArgument: a service without an interface, a URL that is none, a service or `all` that needs a registry where none is given.
  /// Conflict: a service twice. Exhausted: more than kServicesMax. Providers are connected later: it does not wait.
  static Result<std::unique_ptr<DubboInvoker>> start(Options options);
  /// Calls under way are cut off; `done` does not run for them. Stop the executor first.
  ~DubboInvoker() override;

  /// Service targets only. Arguments: a Hessian stream of one list, or a JSON array that fits the parameter types. The result is a Hessian
  /// stream; null is none.
  void invoke(ports::Invocation invocation, std::move_only_function<void()> started,
              std::move_only_function<void(ports::InvokeResult)> done) override;

 private:
  class Core;
  explicit DubboInvoker(std::shared_ptr<Core> core, std::unique_ptr<Directory> directory);
  std::shared_ptr<Core> core_;
  std::unique_ptr<Directory> directory_;  ///< the registry's side; goes first
};

}  // namespace meepo::adapters::dubbo
