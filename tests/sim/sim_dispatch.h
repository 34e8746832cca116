#pragma once
// Direct dispatch without a network: scheduler's end and executors' ends on one virtual loop, with a fixed delay each way. A link can be
// cut; messages under way at that moment are lost, as on a broken connection.

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "ports/clock.h"
#include "ports/dispatch.h"

namespace meepo::test {

class SimSource;

class SimDispatcher final : public ports::Dispatcher {
 public:
  SimDispatcher(ports::Loop& loop, milliseconds delay) : loop_(loop), delay_(delay) {}
  ~SimDispatcher() override;

  void start(Handlers handlers) override;
  void stop() override;
  void send(ports::SessionId session, std::vector<ports::Run> runs) override;
  void ask_cancel(ports::SessionId session, std::vector<ports::RunRef> runs) override;
  void answer_ends(ports::SessionId session, std::vector<ports::EndVerdict> verdicts) override;
  void answer_renewals(ports::SessionId session, std::vector<ports::RenewVerdict> verdicts) override;
  void close(ports::SessionId session, Error reason) override;

 private:
  friend class SimSource;
  bool listening() const { return listening_; }
  ports::SessionId accept(SimSource& source);
  void hang_up(ports::SessionId session);
  template <class Call>
  void to_executor(ports::SessionId session, Call call);

  ports::Loop& loop_;
  const milliseconds delay_;
  Handlers handlers_;
  bool listening_ = false;
  ports::SessionId last_session_ = 0;
  std::map<ports::SessionId, SimSource*> sessions_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// One executor's stream to one scheduler; it comes back kReconnect after it was cut.
class SimSource final : public ports::RunSource {
 public:
  static constexpr milliseconds kReconnect{200};

  SimSource(ports::Loop& loop, SimDispatcher*& dispatcher) : loop_(loop), dispatcher_(dispatcher) {}
  ~SimSource() override;

  void start(Handlers handlers) override;
  void stop(milliseconds drain, std::move_only_function<void()> done) override;
  void grant(StreamId stream, std::uint32_t credits) override;
  void offer(StreamId stream, std::vector<std::string> target_keys) override;
  void report_started(StreamId stream, std::vector<ports::RunRef> runs) override;
  void renew(StreamId stream, std::vector<ports::RunRenewal> runs) override;
  void report_ends(StreamId stream, std::vector<ports::RunEnd> ends) override;
  void hand_back(StreamId stream, std::vector<ports::RunRef> runs) override;
  void ask_time(StreamId stream, SteadyTime asked_at) override;

  /// The connection breaks; what is under way is lost.
  void cut();
  bool connected() const { return session_ != 0; }

 private:
  friend class SimDispatcher;
  void connect();
  void connect_later();
  void closed_by_scheduler(const Error& reason);
  template <class Call>
  void to_scheduler(Call call);

  ports::Loop& loop_;
  SimDispatcher*& dispatcher_;  ///< the running one; nothing while the scheduler is down
  Handlers handlers_;
  bool started_ = false;
  bool had_stream_ = false;
  StreamId stream_ = 0;
  ports::SessionId session_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace meepo::test
