#pragma once
// The io thread of DubboInvoker: services with their providers, connections, attempts. Private to src/adapters/dubbo.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "adapters/dubbo/connection.h"
#include "adapters/dubbo/dubbo_invoker.h"
#include "adapters/local/system_random.h"

namespace meepo::adapters::dubbo {

/// One attempt. On the io thread, but for its context.
struct Attempt {
  ports::Invocation invocation;
  std::move_only_function<void()> started;
  std::move_only_function<void(ports::InvokeResult)> done;
  std::string key;                          ///< of its service
  std::string firing;
  std::string body;                         ///< of its request, until a connection has it
  SteadyTime give_up_at;                    ///< no other provider is looked for from then on
  std::map<Address, std::string> problems;  ///< providers that were not reached, and why
  std::shared_ptr<Connection> connection;   ///< where its call is
  Connection::CallId call = 0;
};
using AttemptPtr = std::shared_ptr<Attempt>;

class DubboInvoker::Core : public std::enable_shared_from_this<Core> {
 public:
  explicit Core(std::move_only_function<void(std::vector<std::string>)> on_targets) : on_targets_(std::move(on_targets)) {}

  // Before run().
  void add_fixed(const std::string& key, const Address& address);
  /// Only these of the registry's services; never called: all of them.
  void want(std::string key) { wanted_.insert(std::move(key)); }

  void run();
  void stop();

  // Any thread.
  void invoke(AttemptPtr attempt);
  void set_providers(std::string interface, std::vector<Provider> providers);

 private:
  struct Service {
    std::vector<Provider> providers;
    bool fixed = false;
  };

  void drain_invocations();
  void begin(AttemptPtr attempt);
  void try_provider(const AttemptPtr& attempt);
  const Provider* choose_for(const Attempt& attempt, const Service& service);
  void call(const AttemptPtr& attempt, const Provider& provider);
  void answered(const AttemptPtr& attempt, Connection::Outcome outcome);
  void wait(const AttemptPtr& attempt, SteadyTime until);
  void arm_wait_timer();
  void retry_waiting(bool all);
  void cancel(const AttemptPtr& attempt);
  void finish(const AttemptPtr& attempt, ports::InvokeResult result);
  void fail_unreached(const AttemptPtr& attempt);
  void remember_failure(const std::string& firing, const Address& address);

  void apply(const std::string& interface, std::vector<Provider> providers);
  std::shared_ptr<Connection> connection_to(const Address& address);
  void retire_unlisted();
  void wake_waiting();
  void targets_may_have_changed();
  void tell_targets();

  local::SystemRandom random_;
  // Until stop(): what waits in it holds this object.
  std::unique_ptr<Io> io_ = std::make_unique<Io>();
  using Work = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;
  std::optional<Work> work_{io_->context.get_executor()};
  std::move_only_function<void(std::vector<std::string>)> on_targets_;
  std::set<std::string> wanted_;

  std::mutex mutex_;
  std::vector<AttemptPtr> arrived_;  // guarded by mutex_
  bool closed_ = false;              // guarded by mutex_

  std::map<std::string, Service> services_;                            // by target key
  std::map<std::string, std::vector<std::string>> keys_of_interface_;  // of the registry's services
  std::map<Address, std::shared_ptr<Connection>> connections_;
  std::set<AttemptPtr> open_;
  std::multimap<SteadyTime, AttemptPtr> waiting_;  // for a provider; by when to look again
  std::optional<boost::asio::steady_timer> wait_timer_{io_->context};
  std::unordered_map<std::string, Address> failed_at_;  // where a firing's last attempt failed
  std::deque<std::string> failed_order_;
  std::vector<std::string> told_;
  bool told_once_ = false;
  std::optional<boost::asio::steady_timer> tell_timer_{io_->context};
  SteadyTime tell_again_at_;
  bool tell_armed_ = false;
  bool wake_posted_ = false;
  std::thread thread_;
};

}  // namespace meepo::adapters::dubbo
