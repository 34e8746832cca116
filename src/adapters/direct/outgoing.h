#pragma once
// What one end of a stream has to say: the message that is being written, and those being built meanwhile. What arrives while one write
// is under way shares the next message, up to kMessageBytes. No thread of its own: the stream's lock guards it.

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

namespace meepo::adapters::direct {

/// A new message is begun beyond this: far below what gRPC accepts, large enough that one write carries thousands of items.
inline constexpr std::size_t kMessageBytes = std::size_t{1} << 20U;

/// Said and not yet written: as many of the largest payloads as the default credits allow, and some. More: the peer does not read.
inline constexpr std::size_t kOutgoingBytesMax = std::size_t{320} << 20U;

template <class Message>
class Outgoing {
 public:
  /// The message that the next item goes into.
  Message& open() {
    if (waiting_.empty() || waiting_.back().bytes >= kMessageBytes) {
      waiting_.push_back({.message = spare_ ? std::move(spare_) : std::make_unique<Message>(), .bytes = 0});
    }
    return *waiting_.back().message;
  }
  /// An item of about so many bytes was put into open().
  void added(std::size_t bytes) {
    waiting_.back().bytes += bytes;
    bytes_ += bytes;
  }

  /// The next message to be written, or null: nothing waits, or one is under way. It lives until written().
  const Message* take() {
    if (writing_.message || waiting_.empty()) return nullptr;
    writing_ = std::move(waiting_.front());
    waiting_.pop_front();
    return writing_.message.get();
  }
  void written() {
    bytes_ -= writing_.bytes;
    spare_ = std::move(writing_.message);
    // A cleared message keeps its memory for the next one; a large one is not worth keeping.
    if (writing_.bytes > kMessageBytes / 4) spare_.reset();
    if (spare_) spare_->Clear();
    writing_ = {};
  }

  /// Forgets what waits; a write under way goes on.
  void clear() {
    waiting_.clear();
    bytes_ = writing_.bytes;
  }
  bool writing() const { return writing_.message != nullptr; }
  bool empty() const { return waiting_.empty() && !writing(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Part {
    std::unique_ptr<Message> message;
    std::size_t bytes = 0;
  };
  std::deque<Part> waiting_;
  Part writing_;
  std::unique_ptr<Message> spare_;
  std::size_t bytes_ = 0;
};

}  // namespace meepo::adapters::direct
