#include "protocol/dubbo/outbox.h"

#include <utility>

namespace meepo::dubbo {

std::uint64_t Outbox::push(std::string frame) {
  bytes_ += frame.size();
  frames_.push_back(std::move(frame));
  return first_ + frames_.size() - 1;
}

void Outbox::withdraw(std::uint64_t number) {
  if (is_taken(number)) return;
  auto& frame = frames_.at(number - first_);
  bytes_ -= frame.size();
  frame = {};
}

std::string Outbox::take() {
  std::string octets;
  if (frames_.size() == 1) {
    octets = std::move(frames_.front());
  } else {
    octets.reserve(bytes_);
    for (const auto& frame : frames_) octets += frame;
  }
  first_ += frames_.size();
  frames_.clear();
  bytes_ = 0;
  return octets;
}

}  // namespace meepo::dubbo
