#pragma once
// A run as tests of invokers play it. Any thread.

#include <atomic>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "ports/invoker.h"

namespace meepo::test {

class PlayedContext final : public ports::RunContext {
 public:
  const FiringId& id() const override { return id_; }
  SysTime due() const override { return from_unix_ms(1'800'000'000'000); }
  std::uint32_t attempt() const override { return 2; }
  SysTime deadline() const override { return ends_at; }
  bool cancelled() const override { return cancelled_; }
  void on_cancel(std::move_only_function<void()> wake) override {
    {
      const std::scoped_lock lock(mutex_);
      if (!cancelled_) {
        wakes_.push_back(std::move(wake));
        return;
      }
    }
    wake();
  }
  void progress(std::string) override {}
  void log(std::string line) override {
    const std::scoped_lock lock(mutex_);
    logged_ += line + "\n";
  }

  SysTime ends_at = from_unix_ms(1'800'000'060'000);  ///< before it is given away

  void cancel() {
    std::vector<std::move_only_function<void()>> wakes;
    {
      const std::scoped_lock lock(mutex_);
      cancelled_ = true;
      wakes = std::exchange(wakes_, {});
    }
    for (auto& wake : wakes) wake();
  }
  std::string logged() {
    const std::scoped_lock lock(mutex_);
    return logged_;
  }

 private:
  const FiringId id_{.task = TaskId::make(3, from_unix_ms(1'700'000'000'000), 7), .tick = Tick::at(from_unix_ms(1'800'000'000'000))};
  std::atomic<bool> cancelled_ = false;
  std::mutex mutex_;
  std::vector<std::move_only_function<void()>> wakes_;
  std::string logged_;
};

}  // namespace meepo::test
