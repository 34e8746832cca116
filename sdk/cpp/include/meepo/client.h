#pragma once
// meepo::Client creates tasks and asks what became of them. What callers of any thread create goes into one stream with one writer,
// so thousands of creates in flight share few messages. Every create carries a request id (yours, or one it is given), so a repeat
// after a broken connection makes no second task. All functions: any thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "meepo/result.h"
#include "meepo/task.h"

namespace meepo::inline sdk {

struct ClientOptions {
  std::string address = "127.0.0.1:7789";   ///< gRPC listener of a scheduler, HOST:PORT
  std::string token{};                      ///< empty: none
  std::string app_id{};                     ///< of tasks that name none
  std::chrono::milliseconds timeout{30'000};  ///< of each call, and from create to its answer
};

struct Created {
  std::string id;
  std::string first_due;                    ///< ISO 8601 in the task's zone
  std::string zone;
  std::vector<std::string> warnings;        ///< e.g. nobody serves its target now
  bool existed = false;                     ///< this request id had created it before
};

struct FiringInfo {
  std::string id;                           ///< "<task id>@<tick>"
  std::string state;                        ///< "DUE", "WAITING", "CLAIMED", "RUNNING", "ENDED"
  std::string outcome;                      ///< "", "SUCCESS", "FAIL", "TIMEOUT", "QUARANTINED", "UNKNOWN", "STOPPED"
  std::string reason;                       ///< why it waits or was skipped
  std::uint32_t attempt = 0;                ///< 0: none began
  std::string result_json;                  ///< of a successful end; empty: none
  std::string error;
};

struct TaskInfo {
  std::string id;
  std::string app_id;
  std::string name;
  std::string status;                       ///< "SCHEDULE", "RUNNING", "SUCCESS", "DONE", "FAIL", "CANCEL"
  bool paused = false;
  bool ended = false;
  FiringInfo latest;                        ///< that began last; its id is empty if none did
  FiringInfo armed;                         ///< the next that has not begun; its id is empty if none is left
};

struct Cancelled {
  bool cancelled = false;                   ///< false: the task had ended before
  std::vector<std::string> running;         ///< firings asked to stop
  std::vector<std::string> chained;         ///< tasks that its successes created; not cancelled
};

struct ListFilter {
  std::string app_id{};
  std::string interface{};
  std::string method{};
  std::uint32_t page_size = 50;
  std::string page_token{};
};

struct TaskPage {
  std::vector<TaskInfo> tasks;              ///< newest first
  std::string next_page_token;              ///< empty: no more
};

class Client {
 public:
  using CreatedCallback = std::move_only_function<void(Result<Created>)>;

  /// Does not wait for a connection. An address that is none: every call answers InvalidArgument.
  explicit Client(ClientOptions options);
  /// Waits for nothing: creates without an answer end Unknown or Unavailable. flush() first to wait. Not from inside a callback.
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  // Errors of a create. InvalidArgument: `field` says which. Conflict: the unique key is held, or the request id has other content.
  // Exhausted: too many wait, here or there. Unavailable: nothing was created. Timeout, Unknown: perhaps created; repeat with the same
  // request id.
  std::future<Result<Created>> create(Task task);
  /// `done` runs once, on a thread of the client; it must not block.
  void create(Task task, CreatedCallback done);
  /// One message, one answer a task, in order. At most 10,000. Exhausted as a whole: so many wait that none of these was looked at.
  Result<std::vector<Result<Created>>> create_batch(std::vector<Task> tasks);
  /// Waits until all creates so far are answered; false: not within `timeout`.
  bool flush(std::chrono::milliseconds timeout);

  // These block up to the timeout. NotFound: no such task.
  Result<TaskInfo> get(const std::string& id);
  Result<TaskPage> list(const ListFilter& filter);
  Result<Cancelled> cancel(const std::string& id);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace meepo::inline sdk
