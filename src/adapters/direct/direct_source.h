#pragma once
// The executor's end of direct dispatch: one stream to each scheduler, opened again with a growing, jittered delay whenever it ends,
// for ever. Lives on the executor's loop; messages are read and written on gRPC's threads, a batch a message.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/direct/outgoing.h"
#include "ports/clock.h"
#include "ports/dispatch.h"
#include "ports/random.h"

namespace grpc {
class Channel;
}

namespace meepo::adapters::direct {

class DirectSource final : public ports::RunSource {
 public:
  struct Scheduler {
    std::string address;  ///< for people
    /// Makes the channel, once; see make_stream_channel().
    std::function<std::shared_ptr<grpc::Channel>()> channel;
  };
  struct Options {
    std::vector<Scheduler> schedulers;
    std::string token;  ///< sent as "authorization: Bearer <token>"; empty: none
    milliseconds back_off_min{100};
    milliseconds back_off_max{5'000};
    milliseconds welcome_wait{3'000};  ///< a scheduler that does not answer the hello so long is tried again: leases seem shorter by it
    std::size_t outgoing_bytes_max = kOutgoingBytesMax;  ///< one stream's; more ends it: the scheduler does not read
  };

  DirectSource(Options options, ports::Loop& loop, ports::Random& random);
  /// Cuts off what is open and waits until gRPC has let go of it. On the loop, or once the loop has stopped; it must still be there.
  ~DirectSource() override;

  void start(Handlers handlers) override;
  void stop(milliseconds drain, std::move_only_function<void()> done) override;
  void grant(StreamId stream, std::uint32_t credits) override;
  void offer(StreamId stream, std::vector<std::string> target_keys) override;
  void report_started(StreamId stream, std::vector<ports::RunRef> runs) override;
  void renew(StreamId stream, std::vector<ports::RunRenewal> runs) override;
  void report_ends(StreamId stream, std::vector<ports::RunEnd> ends) override;
  void hand_back(StreamId stream, std::vector<ports::RunRef> runs) override;
  void ask_time(StreamId stream, SteadyTime asked_at) override;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace meepo::adapters::direct
