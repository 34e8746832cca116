#pragma once
// A provider's address and the one connection that all calls to it share: made when it is needed, kept while it lives. After a failure it
// is made again in the background, after a pause that grows, and gets no calls before the provider has answered a heartbeat: a Java
// provider that shuts down accepts connections and closes them, and a request that was written to one of those may have run for all that
// is known. Lives on its io_context's one thread; all calls there.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/dubbo/provider.h"
#include "base/time.h"
#include "ports/random.h"
#include "protocol/dubbo/client_session.h"

namespace meepo::adapters::dubbo {

inline constexpr milliseconds kConnectWait{3'000};       ///< looking the host up, connecting and a first heartbeat together
inline constexpr milliseconds kReconnectLeast{100};      ///< after the first failure; doubled with each, half of it drawn
inline constexpr milliseconds kReconnectMost{5'000};
inline constexpr milliseconds kStoppingPause{2'000};     ///< a provider that said that it stops still listens for a while
inline constexpr std::size_t kWaitingBytesMax = std::size_t{64} << 20U;  ///< of requests that wait for the connection

class Connection;

/// What connections of one thread share. Outlives them.
struct Io {
  boost::asio::io_context context{1};
  std::array<char, std::size_t{64} << 10U> read_buffer{};  ///< of whoever reads at the moment
  meepo::dubbo::ClientOptions session;
  std::vector<std::shared_ptr<Connection>> to_write;        ///< what these were given goes out at the end of the turn
  bool in_turn = false;
};

/// A piece of work on the thread, in which calls may begin: what they write goes out at its end, one write a connection.
class Turn {
 public:
  explicit Turn(Io& io);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Io& io_;
  const bool outermost_;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Outcome = std::expected<meepo::dubbo::Response, meepo::dubbo::CallFailure>;
  using Done = std::move_only_function<void(Outcome)>;
  using CallId = std::uint64_t;

  /// @param kept     connects at once and again whenever it can; else for a call, and again after a failure
  /// @param changed  usable() may answer another thing now
  Connection(Io& io, ports::Random& random, Address address, bool kept, std::function<void()> changed);
  void start();

  const Address& address() const { return address_; }
  bool is_open() const { return state_ == State::Open && !session_->is_stopping(); }
  /// False: the provider could not be reached lately, or stops.
  bool usable() const;
  /// When it is again, if nothing happens; max: `changed` will say so.
  SteadyTime usable_at() const;
  /// Why it is not; empty: nothing is known against it.
  std::string problem() const;
  std::size_t active() const { return calls_.size(); }

  /// Sends a request, now or as soon as it is connected. `done` runs once, later, unless the call is forgotten; a failure with
  /// sent == false: no octet of it left.
  CallId call(std::string body, SteadyTime deadline, Done done);
  /// Whether its request may have been written.
  bool forget(CallId id);
  /// Ends it once no call is under way, and for good.
  void retire();
  /// At once; no `done` runs any more.
  void abandon();

 private:
  friend class Turn;

  enum class State : std::uint8_t { Idle, Connecting, Proving, Open };
  struct Call {
    std::string body;  ///< while it waits for the connection
    SteadyTime deadline;
    std::optional<std::uint64_t> sent_as;  ///< its number in the session
    Done done;
  };

  void connect();
  void connected(const boost::system::error_code& error, const char* doing);
  void prove();
  void open();
  void send(CallId id, Call& call);
  void finish(CallId id, Outcome outcome);
  void end(std::vector<meepo::dubbo::CallEnd> ends);
  void lost(const std::string& reason);
  void wait_for_octets();
  void read();
  void flush_at_end_of_turn();
  void flush();
  void write(std::string octets);
  void arm_timer();
  void look_at_time();
  void close_if_done();

  Io& io_;
  ports::Random& random_;
  const Address address_;
  const bool kept_;
  std::function<void()> changed_;

  State state_ = State::Idle;
  std::uint64_t generation_ = 0;  ///< of sockets: what an earlier one still reports is passed over
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;          ///< the session's deadline
  boost::asio::steady_timer connect_timer_;  ///< the end of connecting, or the next try
  std::optional<meepo::dubbo::ClientSession> session_;
  std::map<CallId, Call> calls_;
  std::map<std::uint64_t, CallId> sent_;  ///< by their number in the session
  std::size_t waiting_bytes_ = 0;
  CallId last_call_ = 0;
  SteadyTime armed_at_ = SteadyTime::max();  ///< when timer_ rings
  bool writing_ = false;
  bool will_flush_ = false;
  bool retired_ = false;
  bool abandoned_ = false;
  bool proven_ = false;  ///< the provider has sent something on this connection
  int failures_ = 0;     ///< connections in a row that came to nothing
  SteadyTime retry_at_;
  std::string problem_;
};

}  // namespace meepo::adapters::dubbo
