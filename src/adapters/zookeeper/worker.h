#pragma once
// A thread that does one piece of work after the other: opening and closing a ZooKeeper session may block for seconds (names are
// resolved, threads joined), which a loop must not.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace meepo::adapters::zookeeper {

class Worker {
 public:
  using Work = std::move_only_function<void()>;

  Worker() : thread_([this](const std::stop_token& stop) { run(stop); }) {}
  /// Does what waits, then ends.
  ~Worker() {
    thread_.request_stop();
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Any thread. What waits is bounded by the caller: it asks for one opening and one closing at a time.
  void post(Work work) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(work));
    }
    changed_.notify_one();
  }

 private:
  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); }) || !waiting_.empty()) {
      Work work = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      work();
      work = nullptr;
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Work> waiting_;
  std::jthread thread_;  // last: it starts when everything else is there
};

}  // namespace meepo::adapters::zookeeper
