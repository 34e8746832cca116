#pragma once
// One connection to a provider, as a state machine: octets and the time come in, octets to be written and the ends of calls go out.
// It holds no socket, thread or clock: its owner reads, writes and calls tick() when deadline() comes, all on one thread.
//
//   Result<std::uint64_t> id = session.call(*encode_request(head, arguments, attachments), now + 5s);
//   write(session.take_output(now));                  // after every call into the session
//   for (CallEnd& end : session.receive(octets, now)) …
//
// A call ends exactly once: with the provider's response, or with a failure that says whether its request can have been written.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "protocol/dubbo/frame.h"
#include "protocol/dubbo/outbox.h"
#include "protocol/dubbo/response.h"

namespace meepo::dubbo {

struct ClientOptions {
  milliseconds heartbeat{60'000};  ///< without traffic a heartbeat is sent; after three of them the provider is lost
  std::size_t calls_max = 10'000;  ///< open at a time; about 200 octets each
  std::size_t outgoing_bytes_max = std::size_t{64} << 20U;  ///< waiting to be taken: eight requests of the largest size
  std::size_t body_bytes_max = kBodyBytesMax;  ///< of a request and of a response
};

/// Why a call has no response of its provider.
struct CallFailure {
  Error error;  ///< Timeout, Unavailable (nothing was written), Unknown (it may have run), or what code_of(status) says
  bool sent = false;  ///< false: no octet of the request left the session, so the provider cannot have it
  std::optional<std::uint8_t> status;  ///< the provider's status, when it answered with another than Ok
};

struct CallEnd {
  std::uint64_t call = 0;
  std::expected<Response, CallFailure> outcome;
};

/// What to think of a call that was answered with this status. Statuses that are not in the list: Unknown.
Code code_of(std::uint8_t status);

class ClientSession {
 public:
  ClientSession(const ClientOptions& options, SteadyTime now);

  /// Begins a two-way call; answers its number. `body` is a request's (request.h).
  /// Unavailable: the provider is stopping, stop() was called or the session is closed. Exhausted: too many calls are open, too much waits
  /// to be written, or the body is too long. Nothing is sent then.
  Result<std::uint64_t> call(std::string_view body, SteadyTime deadline);

  /// Sends a one-way call: there will be no answer. Errors as above.
  Result<void> notify(std::string_view body);

  /// Drops a call without a CallEnd: its request, if it has not been taken, or its answer when it comes. An unknown number is passed over.
  void forget(std::uint64_t call);

  /// Takes octets that were read. Octets that are no Dubbo frame close the session.
  std::vector<CallEnd> receive(std::string_view octets, SteadyTime now);

  /// Ends calls whose deadline has come, sends the heartbeat, gives up a provider that is silent. To be called at deadline(); earlier is
  /// fine and does nothing.
  std::vector<CallEnd> tick(SteadyTime now);

  /// When tick() is due. Changes with every call into the session.
  [[nodiscard]] SteadyTime deadline() const;

  /// The connection is lost or given up: every open call ends. The first reason stays.
  std::vector<CallEnd> close(std::string_view reason);

  /// No new calls from now on; the open ones go on.
  void stop() { stopping_ = true; }

  /// The octets to be written next; empty if there are none. What was taken counts as sent.
  std::string take_output(SteadyTime now);

  /// The provider said that it is about to stop, or stop() was called: choose another for new calls, close when open_calls() is 0.
  [[nodiscard]] bool is_stopping() const { return stopping_; }
  [[nodiscard]] std::size_t open_calls() const { return open_.size(); }
  /// Why the session is closed, while it is: close the connection then.
  [[nodiscard]] const std::optional<std::string>& closed() const { return closed_; }
  /// Octets that the session holds for reading and writing.
  [[nodiscard]] std::size_t held_bytes() const { return reader_.held_bytes() + outbox_.bytes(); }

 private:
  struct Open {
    SteadyTime deadline;
    std::uint64_t frame = 0;  // its number in the outbox
  };
  using Calls = std::map<std::uint64_t, Open>;

  struct Sent {
    std::uint64_t id = 0;
    std::uint64_t frame = 0;
  };
  Result<Sent> send(std::string_view body, bool two_way);
  void on_frame(const Frame& frame, std::vector<CallEnd>& ends);
  void on_request(const Frame& frame);
  void on_response(const Frame& frame, std::vector<CallEnd>& ends);
  [[nodiscard]] SteadyTime heartbeat_due() const;
  [[nodiscard]] SteadyTime lost_at() const;
  void close_all(std::string_view reason, std::vector<CallEnd>& ends);
  Calls::iterator erase(Calls::iterator at);

  ClientOptions options_;
  FrameReader reader_;
  Outbox outbox_;
  Calls open_;
  std::set<std::pair<SteadyTime, std::uint64_t>> deadlines_;
  std::uint64_t next_id_ = 1;
  SteadyTime received_;  // when octets came last
  SteadyTime sent_;  // when octets were taken last
  SteadyTime heartbeat_;  // when one was added to the outbox last
  bool stopping_ = false;
  std::optional<std::string> closed_;
};

}  // namespace meepo::dubbo
