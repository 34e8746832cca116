#pragma once
// A scheduler's process put together: store, coordinator, dispatch, scheduler, gRPC, HTTP, and the executor inside it. wiring.* are
// the only files of this program that name concrete adapters.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/sqlite/backup.h"
#include "adapters/sqlite/check.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "simulate/simulate.h"
#include "wiring_dubbo.h"

namespace meepo::cli {

struct ServerSettings {
  std::string data_dir;         ///< empty: in memory
  std::string http = "127.0.0.1:7788";
  std::string grpc = "127.0.0.1:7789";
  DubboSettings dubbo;
  std::string zone;             ///< empty: the system's
  std::string token_file;       ///< empty: no tokens, loopback only
  std::uint64_t retention_tasks = limits::kEndedTasksMax;  ///< ended tasks kept at most
  std::uint64_t retention_days = limits::kEndedTasksKept.count();  ///< and no longer than this
  bool log_firings = false;
  bool inside_executor = false;  ///< serves meepo.demo.Echo and HTTP targets
  std::vector<std::string> http_allow;  ///< of the executor inside: HttpTargets::allow
  std::function<void()> on_failure;  ///< called once, on any thread, when it cannot go on: then stop() is due
};

class Server {
 public:
  /// Opens the store, takes all shards and listens; ready when it returns. InvalidArgument: a setting (`field` is its flag). Conflict:
  /// another process uses the data folder. Unavailable: a port is taken; the message names the flag.
  static Result<std::unique_ptr<Server>> start(ServerSettings settings);
  ~Server();

  const std::string& http() const;  ///< as bound: "127.0.0.1:7788"
  const std::string& grpc() const;
  const std::string& dubbo() const;  ///< empty: no Dubbo port
  const std::string& zone() const;

  /// Leaves the Dubbo registry, takes no more Dubbo and HTTP requests, lets the executor inside finish what runs (up to `drain`), stops the scheduler, then gRPC, and closes the
  /// store. Blocks. What was not ended goes on at the next start.
  void stop(milliseconds drain);
  /// True after on_failure: the store takes nothing more.
  bool failed() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What is done to the files of a data folder.
using adapters::sqlite::back_up;
using adapters::sqlite::check;
using adapters::sqlite::CheckReport;
using adapters::sqlite::restore;

/// simulate::run() over a store in memory of its own.
Result<simulate::Report> run_simulation(const simulate::Settings& settings, std::vector<TaskSpec> specs, std::size_t slices);

}  // namespace meepo::cli
