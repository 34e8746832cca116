#pragma once
// Direct dispatch between several simulated schedulers and executors. A connection delivers in order or breaks; it can be cut, fall
// silent (what is sent is lost, and only later both ends hear that it broke), be slow, and deliver messages twice.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ports/dispatch.h"
#include "sim/faults/node_loop.h"

namespace meepo::test {

class NetDispatcher;
class NetSource;

struct Connection {
  ports::SessionId session = 0;
  std::size_t scheduler = 0;
  std::size_t executor = 0;
  std::weak_ptr<NetDispatcher*> dispatcher;  ///< expired: the process is gone
  std::weak_ptr<NetSource*> source;
  NodeLoop* scheduler_loop = nullptr;        ///< valid while `dispatcher` is
  NodeLoop* executor_loop = nullptr;         ///< valid while `source` is
  ports::RunSource::StreamId stream = 0;
  SteadyTime last_up;
  SteadyTime last_down;
  bool silent = false;
  bool broken = false;
};
using ConnectionPtr = std::shared_ptr<Connection>;

class Network {
 public:
  Network(VirtualLoop& base, std::uint64_t seed, std::size_t schedulers) : base_(base), random_(seed), dispatchers_(schedulers) {}

  // Faults. False: there was nothing to break.
  bool cut(std::size_t executor, std::size_t scheduler);
  bool fall_silent(std::size_t executor, std::size_t scheduler, milliseconds until_noticed);
  void be_slow(milliseconds most) { delay_most_ = most; }
  void repeat_messages(bool repeat) { repeats_ = repeat; }
  std::size_t repeated() const { return repeated_; }

 private:
  friend class NetDispatcher;
  friend class NetSource;
  using Up = std::function<void(NetDispatcher&, ports::SessionId)>;
  using Down = std::function<void(NetSource&)>;

  ConnectionPtr find(std::size_t executor, std::size_t scheduler);
  void to_scheduler(const ConnectionPtr& connection, Up message, bool repeatable);
  void to_executor(const ConnectionPtr& connection, Down message, bool repeatable);
  void break_off(const ConnectionPtr& connection, const Error& reason);
  SteadyTime arrival(SteadyTime& last);
  bool twice(bool repeatable);

  VirtualLoop& base_;
  SeededRandom random_;
  std::vector<std::weak_ptr<NetDispatcher*>> dispatchers_;  ///< by scheduler; expired: nobody listens there
  std::vector<ConnectionPtr> connections_;
  ports::SessionId last_session_ = 0;
  milliseconds delay_most_{3};
  bool repeats_ = false;
  std::size_t repeated_ = 0;
};

class NetDispatcher final : public ports::Dispatcher {
 public:
  NetDispatcher(Network& network, NodeLoop& loop, std::size_t scheduler) : network_(network), loop_(loop), scheduler_(scheduler) {}
  ~NetDispatcher() override { stop(); }

  void start(Handlers handlers) override;
  void stop() override;
  void send(ports::SessionId session, std::vector<ports::Run> runs) override;
  void ask_cancel(ports::SessionId session, std::vector<ports::RunRef> runs) override;
  void answer_ends(ports::SessionId session, std::vector<ports::EndVerdict> verdicts) override;
  void answer_renewals(ports::SessionId session, std::vector<ports::RenewVerdict> verdicts) override;
  void close(ports::SessionId session, Error reason) override;

 private:
  friend class Network;
  friend class NetSource;
  void heard_hello(const ConnectionPtr& connection, ports::ExecutorHello hello);
  void heard_break(ports::SessionId session);
  void say(ports::SessionId session, Network::Down message, bool repeatable = true);

  Network& network_;
  NodeLoop& loop_;
  const std::size_t scheduler_;
  Handlers handlers_;
  std::map<ports::SessionId, ConnectionPtr> sessions_;  ///< from their hello until this end has heard that they are over
  std::shared_ptr<NetDispatcher*> self_;                ///< while it listens
};

class NetSource final : public ports::RunSource {
 public:
  static constexpr milliseconds kReconnect{500};

  NetSource(Network& network, NodeLoop& loop, std::size_t executor) : network_(network), loop_(loop), executor_(executor) {}
  ~NetSource() override { hang_up(); }

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
  friend class Network;
  friend class NetDispatcher;
  struct Slot {
    ConnectionPtr connection;
    bool had_stream = false;
  };
  void connect(std::size_t scheduler);
  void connect_later(std::size_t scheduler);
  void heard_break(const ConnectionPtr& connection, const Error& reason);
  void hang_up();
  void say(StreamId stream, Network::Up message, bool repeatable = true);

  Network& network_;
  NodeLoop& loop_;
  const std::size_t executor_;
  Handlers handlers_;
  bool started_ = false;
  StreamId last_stream_ = 0;
  std::vector<Slot> slots_;
  std::shared_ptr<NetSource*> self_ = std::make_shared<NetSource*>(this);
};

}  // namespace meepo::test
