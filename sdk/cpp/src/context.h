#pragma once
// The Context that a registered function sees, over the executor's RunContext.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "meepo/executor.h"
#include "ports/invoker.h"

namespace meepo::inline sdk {

class RunningContext final : public Context {
 public:
  explicit RunningContext(ports::RunContext& run) : run_(run), firing_id_(run.id().text()) {}

  std::string_view firing_id() const override { return firing_id_; }
  SysTime due() const override { return run_.due(); }
  std::uint32_t attempt() const override { return run_.attempt(); }
  SysTime deadline() const override { return run_.deadline(); }
  bool cancelled() const override { return run_.cancelled(); }
  bool wait_cancelled(std::chrono::milliseconds duration) override;
  void progress(std::string text) override { run_.progress(std::move(text)); }
  void log(std::string line) override { run_.log(std::move(line)); }

 private:
  /// Shared with the canceller, which may come after the function has returned.
  struct Wake {
    std::mutex mutex;
    std::condition_variable changed;
    bool cancelled = false;
  };

  ports::RunContext& run_;
  const std::string firing_id_;
  std::mutex mutex_;
  std::shared_ptr<Wake> wake_;  ///< made by the first wait
};

}  // namespace meepo::inline sdk
