#pragma once
// The Invoker of HTTP targets, and of services that are mapped to a URL: one request an attempt, on one thread of its own for all of them. What may be reached is said by
// HostRules, also of redirects; what is sent and what an answer means by call.h.

#include <map>
#include <memory>
#include <string>

#include "adapters/http/exchange.h"
#include "ports/invoker.h"

namespace meepo::adapters::http {

class HttpInvoker final : public ports::Invoker {
 public:
  static constexpr int kRedirectsMax = 3;

  struct Options {
    HostRules rules;
    std::string signing_key;  ///< empty: requests are not signed
    ExchangeLimits limits;
    std::string trusted_file;  ///< PEM certificates beside the system's, for private authorities; empty: none
    std::map<std::string, std::string> services;  ///< service_key() → URL: methods that are called over HTTP, see call_of()
  };

  /// Unavailable: the certificates could not be read.
  static Result<std::unique_ptr<HttpInvoker>> start(Options options);
  /// Requests under way are cut off; `done` does not run for them. Stop the executor first.
  ~HttpInvoker() override;

  void invoke(ports::Invocation invocation, std::move_only_function<void()> started,
              std::move_only_function<void(ports::InvokeResult)> done) override;

 private:
  class Core;
  explicit HttpInvoker(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace meepo::adapters::http
