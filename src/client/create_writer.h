#pragma once
// The coalescing writer of creates: what callers of any thread queue goes into one CreateStream with one write in flight; the next
// message is what arrived meanwhile. First step of a task's way: SDK → create_writer → api/grpc → scheduler/create.
//
// Every create carries a request id (one is given where the caller gave none), so what a broken stream left unanswered is repeated
// on the next one without a second task.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "meepo/v1/task_service.pb.h"

namespace grpc {
class ChannelInterface;
}

namespace meepo::client {

class CreateWriter {
 public:
  struct Options {
    std::string token;
    milliseconds timeout{30'000};                                    ///< from create() to its answer
    std::size_t creates_max = limits::kCreatesWaitingMax;            ///< not answered yet; one more: Exhausted
    std::size_t bytes_max = std::size_t{256} << 20U;                 ///< of their specs
    std::size_t message_items_max = 1'000;                           ///< creates in one message
    std::size_t message_bytes_max = std::size_t{4} << 20U;           ///< a larger single spec goes alone
    milliseconds reconnect_first{50};                                ///< back-off after a broken stream, doubled up to
    milliseconds reconnect_max{2'000};
  };
  using Done = std::move_only_function<void(Result<v1::CreateTaskResponse>)>;

  CreateWriter(std::shared_ptr<grpc::ChannelInterface> channel, Options options);
  /// close(). Not from inside a `done`.
  ~CreateWriter();

  /// Queues one create. Any thread. `done` runs exactly once, on a thread of the writer, or inside this call when the create is refused
  /// here; it must not block. Beside the server's own answers:
  /// Exhausted: too many wait, or the spec is larger than a message may be. Timeout: sent, no answer in time; repeat with the same
  /// request id. Unavailable: never sent (no connection until the deadline; closed). Unauthenticated, Forbidden: the stream was refused.
  void create(v1::TaskSpec spec, Done done);

  /// Waits until every create so far is answered; false: not within `timeout`.
  bool flush(milliseconds timeout);

  /// Ends the stream; creates without an answer end Unknown (sent) or Unavailable (not sent). Twice is fine.
  void close();

  std::size_t waiting() const;  ///< creates without an answer

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace meepo::client
