#pragma once
// meepo::Executor runs registered functions for firings that schedulers send. It keeps every end until a scheduler has acknowledged
// it, renews leases while a function runs, and cancels a run that was cancelled, took too long or whose lease would be lost.
//
//   meepo::Executor executor({.schedulers = {"127.0.0.1:7789"}, .name = "billing"});
//   executor.handle("com.example.Billing", "settle", [](meepo::Context& context, std::string_view params_json) -> meepo::Answer {
//     return R"({"ok":true})";
//   });
//   executor.start();

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meepo/result.h"

namespace meepo::inline sdk {

/// A service that is called over HTTP (docs/targets.md): a POST for each method. Its host is allowed without a rule.
struct HttpService {
  std::string interface;
  std::string url;                          ///< "http://books.internal:8080/tasks/{method}"
  std::string version{};
  std::string group{};
};

/// HTTP targets (docs/targets.md): the executor sends the requests of any task that names a URL, and those of services.
struct HttpTargets {
  bool urls = true;                         ///< false: only services are served
  std::vector<HttpService> services{};
  /// Hosts that are not public addresses: "billing.internal", "localhost:8080", "*.corp.example", "10.1.0.0/16". Of all others loopback,
  /// private, link-local and reserved addresses are refused, whatever name leads to them, redirects too.
  std::vector<std::string> allow{};
  std::string signing_key{};                ///< each request carries Meepo-Signature; empty: none does
  std::string trusted_file{};               ///< PEM certificates of private authorities, beside the system's
};

/// Command targets (docs/targets.md): the executor runs programs, without a shell.
struct CommandTargets {
  std::vector<std::string> allow{};         ///< absolute paths of the only programs that run
  std::string folder = "/";                 ///< their working directory
};

/// A service whose methods are called over Dubbo (docs/dubbo.md).
struct DubboService {
  std::string interface;
  std::string url{};                        ///< "dubbo://10.0.0.7:20880"; empty: its providers are in the registry
  std::string version{};
  std::string group{};
};

/// Methods of Dubbo providers. What cannot be called now is not offered to the schedulers, so its firings wait.
struct DubboTargets {
  std::string registry{};                   ///< "zookeeper://h1:2181?backup=h2:2181"; empty: none
  std::vector<DubboService> services{};
  bool all = false;                         ///< every service that has providers in the registry
};

struct ExecutorOptions {
  std::vector<std::string> schedulers = {"127.0.0.1:7789"};  ///< gRPC listeners, HOST:PORT
  std::string token{};
  std::string name = "executor";            ///< for people; "inside…" is reserved
  std::string instance{};                   ///< unique to this start of the process; empty: name and random digits, as it should be
  std::uint32_t credits = 1'024;             ///< runs it takes at once, 1 to 100,000
  std::uint32_t threads = 0;                ///< that call the functions; 0: as many as the machine has processors, at least 4
  std::chrono::milliseconds drain{10'000};  ///< what stop() and the destructor wait for running functions, by default
  std::optional<HttpTargets> http{};        ///< nothing: it sends no requests
  std::optional<CommandTargets> commands{}; ///< nothing: it runs no programs
  std::optional<DubboTargets> dubbo{};      ///< nothing: it calls no Dubbo providers
};

/// One attempt, as its function sees it. Valid until the function returns; every member: any thread.
class Context {
 public:
  virtual ~Context() = default;
  virtual std::string_view firing_id() const = 0;   ///< "<task id>@<tick>": the same on every attempt, an idempotency key
  virtual std::chrono::sys_time<std::chrono::milliseconds> due() const = 0;  ///< of the tick, with its jitter
  virtual std::uint32_t attempt() const = 0;        ///< 1: the first
  virtual std::chrono::sys_time<std::chrono::milliseconds> deadline() const = 0;
  virtual bool cancelled() const = 0;               ///< stop soon: the answer will not count as a success
  /// Sleeps; true as soon as the run is cancelled, false after `duration`.
  virtual bool wait_cancelled(std::chrono::milliseconds duration) = 0;
  virtual void progress(std::string text) = 0;      ///< the last one counts; up to 1 KiB is kept
  virtual void log(std::string line) = 0;           ///< up to 4 KiB a line, 64 KiB an attempt are kept
};

/// What a function answers: a result (JSON text; empty: none), a failure, or that it stopped because it was cancelled.
class Answer {
 public:
  enum class Kind { Success, Failure, Stopped };

  Answer(std::string result_json) : kind_(Kind::Success), text_(std::move(result_json)) {}  // NOLINT: functions return their JSON
  Answer(std::string_view result_json) : Answer(std::string(result_json)) {}                // NOLINT
  Answer(const char* result_json) : Answer(std::string(result_json)) {}                     // NOLINT
  static Answer success() { return Answer(std::string()); }
  static Answer failure(std::string message) { return Answer(Kind::Failure, std::move(message)); }
  static Answer stopped() { return Answer(Kind::Stopped, {}); }

  Kind kind() const { return kind_; }
  const std::string& text() const { return text_; }

 private:
  Answer(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}
  Kind kind_;
  std::string text_;
};

/// `params_json`: one JSON array, digits as the client wrote them; "[]" when there are none. An exception is a failure with its what().
/// Called on a thread of the executor, several at once.
using Handler = std::function<Answer(Context& context, std::string_view params_json)>;

class Executor {
 public:
  explicit Executor(ExecutorOptions options);
  /// stop(options.drain), and waits for functions that ignore their cancellation.
  ~Executor();
  Executor(Executor&&) noexcept;
  Executor& operator=(Executor&&) noexcept;

  /// Before start(), which refuses two functions under one name. `version`, `group`: as the task's target says.
  Executor& handle(std::string interface, std::string method, Handler handler, std::string version = {}, std::string group = {});

  /// Opens the streams; they are opened again whenever they break. InvalidArgument: an address, nothing to serve, a name,
  /// credits out of range, a rule or service of HttpTargets, a path of CommandTargets, a URL of DubboTargets. Unavailable: its certificates cannot be read.
  /// Conflict: two functions or services under one name, or it was started before.
  Result<void> start();

  /// Takes no more runs, waits up to `drain` for what runs, cancels the rest and waits `drain` again, reports every end.
  /// Returns the number of runs left behind: 0 is a clean stop. Twice is fine.
  std::size_t stop(std::chrono::milliseconds drain);
  std::size_t stop();

  std::size_t running() const;  ///< runs it has now

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace meepo::inline sdk
