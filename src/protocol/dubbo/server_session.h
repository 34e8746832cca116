#pragma once
// One connection from a consumer, as a state machine: octets and the time come in, calls to be served and octets to be written go out.
// It holds no socket, thread or clock: its owner reads, writes and calls tick() when deadline() comes, all on one thread.
//
//   for (Request& request : session.receive(octets, now)) …           // serve it, at once or later
//   session.answer(request.ticket, Returned{…});
//   write(session.take_output(now));                                   // after every call into the session
//
// Whatever a peer may send is answered with a Dubbo status or closes the session; what is no call, the session answers by itself:
// heartbeats, `$echo`, requests that cannot be read or that the service refuses.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "protocol/dubbo/frame.h"
#include "protocol/dubbo/outbox.h"
#include "protocol/dubbo/request.h"
#include "protocol/dubbo/response.h"

namespace meepo::dubbo {

struct ServerOptions {
  milliseconds heartbeat{60'000};                           ///< of the consumers; three of them without a whole frame end the session
  std::size_t calls_max = 1'000;                            ///< being served at a time; one more is answered ServerThreadpoolExhausted
  std::size_t outgoing_bytes_max = std::size_t{64} << 20U;  ///< waiting to be taken: more and the peer does not read; the session closes
  std::size_t body_bytes_max = kBodyBytesMax;               ///< of a request and of a response
};

/// Refuses a request: the answer is this status with this text. BadRequest for an unknown path, method or descriptor, as Java does.
struct Refusal {
  Status status = Status::BadRequest;
  std::string text;
};

/// Says whether a request is served, from its head, before one octet of its arguments is read. It is asked for `$invoke`, `$invokeAsync`
/// and `$echo` too (is_generic, is_echo): then path and service version count. The text of a refusal should name what was looked up.
using Check = std::function<std::optional<Refusal>(const RequestHead& head)>;

/// A call to be served.
struct ServedCall {
  std::uint64_t ticket = 0;  ///< for answer(); the id on the wire may be used twice by a peer
  bool two_way = true;       ///< false: nobody waits; answer() all the same, it writes nothing
  Request request;
};

class ServerSession {
 public:
  ServerSession(const ServerOptions& options, Check check, SteadyTime now);

  /// Takes octets that were read; answers the calls to be served, each of which must be answered. Octets that are no Dubbo frame close
  /// the session.
  std::vector<ServedCall> receive(std::string_view octets, SteadyTime now);

  /// Ends a call. A response that is too long becomes BadResponse. An unknown ticket is passed over: the session may have closed.
  void answer(std::uint64_t ticket, const Answer& answer);

  /// Closes the session when it was silent for too long or its time to stop has come. To be called at deadline(); earlier does nothing.
  void tick(SteadyTime now);

  /// When tick() is due. Changes with every call into the session.
  [[nodiscard]] SteadyTime deadline() const;

  /// Tells the consumer to choose another provider. Calls are taken and answered until `close_at`, when the session closes.
  /// May be repeated; the first counts.
  void stop(SteadyTime close_at);

  /// The connection is lost or given up. The first reason stays.
  void close(std::string_view reason);

  /// The octets to be written next, also after the session closed; empty if there are none.
  std::string take_output(SteadyTime now);

  [[nodiscard]] std::size_t open_calls() const { return open_.size(); }
  /// Why the session is closed, while it is: write what take_output() has, then close the connection.
  [[nodiscard]] const std::optional<std::string>& closed() const { return closed_; }
  /// Octets that the session holds for reading and writing.
  [[nodiscard]] std::size_t held_bytes() const { return reader_.held_bytes() + outbox_.bytes(); }

 private:
  struct Open {
    std::uint64_t id = 0;
    bool two_way = true;
    bool attachments = false;  // the consumer takes a response with attachments
    bool generic = false;
  };

  void on_frame(const Frame& frame, std::vector<ServedCall>& calls);
  void on_event(const Frame& frame);
  void on_call(const Frame& frame, std::vector<ServedCall>& calls);
  void refuse(const FrameHeader& header, Status status, std::string_view text);
  void write(const FrameHeader& header, std::string_view body);

  ServerOptions options_;
  Check check_;
  FrameReader reader_;
  Outbox outbox_;
  std::map<std::uint64_t, Open> open_;
  std::uint64_t next_ticket_ = 1;
  SteadyTime active_;  // when a whole frame came, or octets were taken, last
  std::optional<SteadyTime> close_at_;
  std::optional<std::string> closed_;
};

}  // namespace meepo::dubbo
