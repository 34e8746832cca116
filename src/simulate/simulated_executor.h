#pragma once
// One executor that serves every target and takes what comes: each run lasts a fixed time and ends well, or with a timeout if its
// task's is shorter. The scheduler's end of dispatch without a network. Loop thread only.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ports/clock.h"
#include "ports/dispatch.h"

namespace meepo::simulate {

class SimulatedExecutor final : public ports::Dispatcher {
 public:
  static constexpr std::uint32_t kCredits = 100'000;

  SimulatedExecutor(ports::Loop& loop, std::vector<std::string> target_keys, milliseconds duration)
      : loop_(loop), target_keys_(std::move(target_keys)), duration_(duration) {}

  void start(Handlers handlers) override;
  void stop() override;
  void send(ports::SessionId session, std::vector<ports::Run> runs) override;
  void ask_cancel(ports::SessionId session, std::vector<ports::RunRef> runs) override;
  void answer_ends(ports::SessionId, std::vector<ports::EndVerdict>) override {}
  void answer_renewals(ports::SessionId, std::vector<ports::RenewVerdict>) override {}
  void close(ports::SessionId, Error) override {}

 private:
  void begin(ports::Run run);
  void end(const RunToken& token, Outcome outcome);
  void renew_all();
  void later(milliseconds delay, ports::Loop::Work work);

  ports::Loop& loop_;
  const std::vector<std::string> target_keys_;
  const milliseconds duration_;
  Handlers handlers_;
  std::map<RunToken, FiringId> running_;
  bool renewing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace meepo::simulate
