#pragma once
// One stream to a scheduler as the executor's process holds it. gRPC calls the On… functions on its threads, the source the others on
// its loop; one lock orders them. It owns itself from begin() to OnDone.

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "adapters/direct/convert_run.h"
#include "adapters/direct/outgoing.h"
#include "meepo/v1/executor_service.grpc.pb.h"

namespace meepo::adapters::direct {

class Stream;

/// Who hears of a stream, on gRPC's threads, in the stream's order; `done` comes last, once the stream was read to its end.
/// It keeps the channel, and until every stream is gone: a stream has a reference to it, and the thread that drops a channel's last
/// reference stops gRPC's threads, so it must not be one of them.
class StreamHost {
 public:
  virtual ~StreamHost() = default;
  /// To be followed, when the message has been dealt with, by stream.processed(bytes).
  virtual void received(Stream& stream, ToExecutor message, std::size_t bytes) = 0;
  virtual void done(ports::RunSource::StreamId stream, Error reason) = 0;
  // Any thread: when a stream is made, and when all of it is destroyed.
  virtual void appeared() = 0;
  virtual void gone() = 0;
};

class Stream final : public grpc::ClientBidiReactor<v1::FromExecutor, v1::ToExecutor>, public std::enable_shared_from_this<Stream> {
 public:
  Stream(ports::RunSource::StreamId id, const std::shared_ptr<grpc::Channel>& channel, std::shared_ptr<StreamHost> host,
         std::size_t outgoing_bytes_max);

  ports::RunSource::StreamId id() const { return id_; }
  void begin(std::shared_ptr<Stream> self, const ports::ExecutorHello& hello, const std::string& token);

  // Loop: what to say. It goes out with flush(), or behind the write that is under way.
  void add_credits(std::uint32_t credits);
  void set_offer(const std::vector<std::string>& target_keys);
  void add_started(const std::vector<ports::RunRef>& runs);
  void add(const std::vector<ports::RunRenewal>& runs);
  void add(const std::vector<ports::RunEnd>& ends);
  void add_handed_back(const std::vector<ports::RunRef>& runs);
  void ask_time(std::uint64_t question);
  void flush();
  /// A message of so many bytes was dealt with: reading goes on if it waited for that.
  void processed(std::size_t bytes);

  /// Writes what was said, then tells the scheduler that no more comes.
  void drain();
  /// Cuts it off for this reason.
  void cancel(Error reason);
  /// Cuts it off and reads what is left without telling anybody: the source goes away.
  void abandon();

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  struct Presence {
    explicit Presence(std::shared_ptr<StreamHost> of) : host(std::move(of)) { host->appeared(); }
    ~Presence() { host->gone(); }
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;
    const std::shared_ptr<StreamHost> host;
  };

  void say_hello_locked(const ports::ExecutorHello& hello);
  template <class Item, class Write>
  void add_all(const std::vector<Item>& items, Write write_item);
  void read_next_locked();
  void write_next_locked();
  void cancel_locked(Error reason);

  Presence presence_;  // first, so that it goes last
  ports::RunSource::StreamId id_;
  std::unique_ptr<v1::ExecutorService::Stub> stub_;
  std::size_t outgoing_bytes_max_;
  grpc::ClientContext context_;

  std::mutex mutex_;  // guards what follows; `incoming_` belongs to gRPC while `reading_`
  std::shared_ptr<Stream> self_;
  v1::ToExecutor incoming_;
  Outgoing<v1::FromExecutor> outgoing_;
  std::size_t unprocessed_bytes_ = 0;
  bool reading_ = false;
  bool welcomed_ = false;
  bool draining_ = false;     ///< no more is said
  bool writes_ended_ = false;
  bool broken_ = false;       ///< read to its end, or a write failed: no other operation may be started
  bool abandoned_ = false;
  std::optional<Error> reason_;  ///< why this side cut it off
};

}  // namespace meepo::adapters::direct
