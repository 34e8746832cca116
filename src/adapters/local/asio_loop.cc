#include "adapters/local/asio_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <pthread.h>

#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace meepo::adapters::local {

class AsioLoop::Impl {
 public:
  explicit Impl(std::string name) : name_(std::move(name)), guard_(boost::asio::make_work_guard(context_)), timer_(context_) {}

  void start() {
    thread_ = std::thread([this] { context_.run(); });
    pthread_setname_np(thread_.native_handle(), name_.substr(0, 15).c_str());
  }

  void stop() {
    {
      const std::scoped_lock lock(mutex_);
      stopped_ = true;
    }
    context_.stop();
    if (thread_.joinable()) thread_.join();
    // Unrun work is destroyed outside the lock: its captures may post.
    std::vector<Work> dropped;
    {
      const std::scoped_lock lock(mutex_);
      dropped.swap(posted_);
    }
    batch_.clear();
    timers_.clear();
    instants_.clear();
  }

  void post(Work work) {
    bool wake = false;
    {
      const std::scoped_lock lock(mutex_);
      if (stopped_) return;
      posted_.push_back(std::move(work));
      wake = !std::exchange(woken_, true);
    }
    if (wake) boost::asio::post(context_, [this] { run_posted(); });
  }

  TimerId call_at(SteadyTime when, Work work) {
    const TimerId id = ++last_timer_;
    timers_.emplace(std::pair(when, id), std::move(work));
    instants_.emplace(id, when);
    arm();
    return id;
  }

  void cancel_timer(TimerId id) {
    // The Asio timer stays armed: an idle wake-up is cheaper than a re-arm a cancel.
    const auto instant = instants_.find(id);
    if (instant == instants_.end()) return;
    timers_.erase(std::pair(instant->second, id));
    instants_.erase(instant);
  }

 private:
  void run_posted() {
    {
      const std::scoped_lock lock(mutex_);
      woken_ = false;
      batch_.swap(posted_);
    }
    for (auto& work : batch_) {
      if (context_.stopped()) return;
      std::exchange(work, nullptr)();
    }
    batch_.clear();
  }

  void arm() {
    if (timers_.empty() || timers_.begin()->first.first >= armed_) return;
    armed_ = timers_.begin()->first.first;
    timer_.expires_at(armed_);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      armed_ = SteadyTime::max();
      run_timers();
    });
  }

  void run_timers() {
    const auto now = std::chrono::steady_clock::now();
    // A timer set by one that runs now waits for the next round, so that a chain of them cannot keep posted work out.
    const TimerId last = last_timer_;
    while (!timers_.empty() && !context_.stopped()) {
      const auto first = timers_.begin();
      if (first->first.first > now || first->first.second > last) break;
      Work work = std::move(first->second);
      instants_.erase(first->first.second);
      timers_.erase(first);
      work();
    }
    arm();
  }

  std::string name_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;

  std::mutex mutex_;  // guards the three below
  std::vector<Work> posted_;
  bool woken_ = false;
  bool stopped_ = false;

  // The loop's thread only.
  std::vector<Work> batch_;
  boost::asio::steady_timer timer_;
  SteadyTime armed_ = SteadyTime::max();
  TimerId last_timer_ = 0;
  std::map<std::pair<SteadyTime, TimerId>, Work> timers_;
  std::unordered_map<TimerId, SteadyTime> instants_;

  std::thread thread_;
};

AsioLoop::AsioLoop(std::string name) : impl_(std::make_unique<Impl>(std::move(name))) {}
AsioLoop::~AsioLoop() { impl_->stop(); }
void AsioLoop::start() { impl_->start(); }
void AsioLoop::stop() { impl_->stop(); }

SysTime AsioLoop::system_now() const { return std::chrono::floor<milliseconds>(std::chrono::system_clock::now()); }
SteadyTime AsioLoop::steady_now() const { return std::chrono::steady_clock::now(); }
void AsioLoop::post(Work work) { impl_->post(std::move(work)); }
ports::Loop::TimerId AsioLoop::call_at(SteadyTime when, Work work) { return impl_->call_at(when, std::move(work)); }
void AsioLoop::cancel_timer(TimerId id) { impl_->cancel_timer(id); }

}  // namespace meepo::adapters::local
