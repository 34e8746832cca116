#pragma once
// One executor's stream as the scheduler's process holds it. gRPC calls the On… functions on its threads, the dispatcher the others on
// its loop; one lock orders them. It owns itself from begin() to OnDone.

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "adapters/direct/convert_run.h"
#include "adapters/direct/outgoing.h"

namespace meepo::adapters::direct {

class Session;

/// Who hears of a session, on gRPC's threads, in the stream's order; `done` comes last.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  /// To be followed, when the message has been dealt with, by session->processed(bytes).
  virtual void received(std::shared_ptr<Session> session, FromExecutor message, std::size_t bytes) = 0;
  virtual void done(std::shared_ptr<Session> session) = 0;
};

class Session final : public grpc::ServerBidiReactor<v1::FromExecutor, v1::ToExecutor> {
 public:
  Session(ports::SessionId id, grpc::CallbackServerContext& context, std::shared_ptr<SessionHost> host, std::size_t outgoing_bytes_max)
      : id_(id), context_(context), host_(std::move(host)), outgoing_bytes_max_(outgoing_bytes_max) {}

  ports::SessionId id() const { return id_; }
  void begin(std::shared_ptr<Session> self);

  // Loop: what to say. It goes out with flush(), or behind the write that is under way.
  void welcome(SysTime now);
  void tell_time(std::uint64_t question, ports::ExactTime now);
  void add(const std::vector<ports::Run>& runs);
  void add_cancel_asked(const std::vector<ports::RunRef>& runs);
  void add(const std::vector<ports::EndVerdict>& verdicts);
  void add(const std::vector<ports::RenewVerdict>& verdicts);
  void flush();

  /// A message of so many bytes was dealt with: reading goes on if it waited for that.
  void processed(std::size_t bytes);
  bool said_hello();

  /// Ends the stream with this status once the write under way is over; what waits is dropped.
  void close(const Error& reason);
  /// Cuts it off.
  void cancel();

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  template <class Item, class Write>
  void add_all(const std::vector<Item>& items, Write write_item);
  void read_next_locked();
  void write_next_locked();
  void end_locked(grpc::Status status);

  ports::SessionId id_;
  grpc::CallbackServerContext& context_;
  std::shared_ptr<SessionHost> host_;
  std::size_t outgoing_bytes_max_;

  std::mutex mutex_;  // guards what follows; `incoming_` belongs to gRPC while `reading_`
  std::shared_ptr<Session> self_;
  v1::FromExecutor incoming_;
  Outgoing<v1::ToExecutor> outgoing_;
  std::size_t unprocessed_bytes_ = 0;
  bool reading_ = false;
  bool said_hello_ = false;
  bool ending_ = false;    ///< nothing more is written; Finish follows the write under way
  bool finished_ = false;  ///< Finish was called: no other operation may be started
  bool done_ = false;
  grpc::Status status_;
};

}  // namespace meepo::adapters::direct
