#pragma once
// The octets that a session wants written, frame by frame, bounded. What has not been taken yet can be withdrawn: that is how a client
// knows whether a call can have reached its provider. Lives and dies with its session, on its thread.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace meepo::dubbo {

class Outbox {
 public:
  explicit Outbox(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// Whether that many octets more stay within the bound.
  [[nodiscard]] bool has_room(std::size_t bytes) const { return bytes <= bytes_max_ - std::min(bytes_, bytes_max_); }

  /// Adds a frame behind the others, also beyond the bound; answers its number, for is_taken and withdraw.
  std::uint64_t push(std::string frame);

  /// Whether the frame left by take(): from then on the peer may have it.
  [[nodiscard]] bool is_taken(std::uint64_t number) const { return number < first_; }

  /// Drops a frame that has not been taken; does nothing if it has.
  void withdraw(std::uint64_t number);

  /// All frames in their order, as one run of octets; empty if there are none.
  std::string take();

  [[nodiscard]] bool empty() const { return bytes_ == 0; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::uint64_t first_ = 0;          // number of frames_.front()
  std::deque<std::string> frames_;   // withdrawn ones are empty
};

}  // namespace meepo::dubbo
