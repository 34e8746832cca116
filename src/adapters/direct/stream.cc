#include "adapters/direct/stream.h"

#include <utility>

#include "convert/status.h"

namespace meepo::adapters::direct {
namespace {

/// Read and not yet dealt with: beyond it the scheduler has to wait (HTTP/2 flow control).
constexpr std::size_t kUnprocessedBytesMax = std::size_t{4} << 20U;

}  // namespace

Stream::Stream(ports::RunSource::StreamId id, const std::shared_ptr<grpc::Channel>& channel, std::shared_ptr<StreamHost> host,
               std::size_t outgoing_bytes_max)
    : presence_(std::move(host)), id_(id), stub_(v1::ExecutorService::NewStub(channel)), outgoing_bytes_max_(outgoing_bytes_max) {}

void Stream::begin(std::shared_ptr<Stream> self, const ports::ExecutorHello& hello, const std::string& token) {
  if (!token.empty()) context_.AddMetadata("authorization", "Bearer " + token);
  const std::scoped_lock lock(mutex_);
  self_ = std::move(self);
  say_hello_locked(hello);
  stub_->async()->Connect(&context_, this);
  // For the operations that the loop starts; it goes when the stream has been read to its end.
  AddHold();
  read_next_locked();
  write_next_locked();
  StartCall();
}

void Stream::say_hello_locked(const ports::ExecutorHello& hello) {
  auto& out = *outgoing_.open().mutable_hello();
  out.set_instance(hello.instance);
  out.set_name(hello.name);
  for (const auto& key : hello.target_keys) out.add_target_keys(key);
  out.set_credits(hello.credits);
  out.set_complete(hello.complete);
  std::size_t bytes = out.ByteSizeLong();
  for (const auto& renewal : hello.running) bytes += write(renewal, *out.add_running());
  // Ends that would make one message too large follow in the next ones; the hello names them as runs that it still has.
  std::size_t end = 0;
  while (end < hello.ends.size() && bytes < kMessageBytes) bytes += write(hello.ends[end++], *out.add_ends());
  for (std::size_t later = end; later < hello.ends.size(); ++later) {
    bytes += write(ports::RunRenewal{.run = hello.ends[later].run, .started = true, .cancel_acknowledged = false, .report = {}},
                   *out.add_running());
  }
  outgoing_.added(std::max(bytes, end < hello.ends.size() ? kMessageBytes : 0));
  for (; end < hello.ends.size(); ++end) {
    auto& message = outgoing_.open();
    outgoing_.added(write(hello.ends[end], *message.add_ends()));
  }
}

template <class Item, class Write>
void Stream::add_all(const std::vector<Item>& items, Write write_item) {
  const std::scoped_lock lock(mutex_);
  if (broken_ || draining_) return;
  for (const auto& item : items) {
    auto& message = outgoing_.open();
    outgoing_.added(write_item(item, message));
  }
  if (outgoing_.bytes() > outgoing_bytes_max_) {
    cancel_locked({.code = Code::Exhausted,
                   .message = "the scheduler does not read: " + std::to_string(outgoing_.bytes()) + " bytes wait for it, at most " +
                              std::to_string(outgoing_bytes_max_) + " may",
                   .field = {},
                   .cause = {}});
  }
}

void Stream::add_credits(std::uint32_t credits) {
  const std::scoped_lock lock(mutex_);
  if (broken_ || draining_) return;
  auto& message = outgoing_.open();
  message.set_credits(message.credits() + credits);
  outgoing_.added(0);
}

void Stream::add_started(const std::vector<ports::RunRef>& runs) {
  add_all(runs, [](const ports::RunRef& run, v1::FromExecutor& out) { return write(run, *out.add_started()); });
}

void Stream::add(const std::vector<ports::RunRenewal>& runs) {
  add_all(runs, [](const ports::RunRenewal& run, v1::FromExecutor& out) { return write(run, *out.add_renewals()); });
}

void Stream::add(const std::vector<ports::RunEnd>& ends) {
  add_all(ends, [](const ports::RunEnd& end, v1::FromExecutor& out) { return write(end, *out.add_ends()); });
}

void Stream::add_handed_back(const std::vector<ports::RunRef>& runs) {
  add_all(runs, [](const ports::RunRef& run, v1::FromExecutor& out) { return write(run, *out.add_handed_back()); });
}

void Stream::set_offer(const std::vector<std::string>& target_keys) {
  const std::scoped_lock lock(mutex_);
  if (broken_ || draining_) return;
  auto& offer = *outgoing_.open().mutable_offer();
  offer.mutable_target_keys()->Assign(target_keys.begin(), target_keys.end());
  outgoing_.added(offer.ByteSizeLong());
}

void Stream::ask_time(std::uint64_t question) {
  const std::scoped_lock lock(mutex_);
  if (broken_ || draining_) return;
  outgoing_.open().set_time_question(question);
  outgoing_.added(sizeof(question));
}

void Stream::flush() {
  const std::scoped_lock lock(mutex_);
  write_next_locked();
}

void Stream::processed(std::size_t bytes) {
  const std::scoped_lock lock(mutex_);
  unprocessed_bytes_ -= bytes;
  read_next_locked();
}

void Stream::drain() {
  const std::scoped_lock lock(mutex_);
  draining_ = true;
  write_next_locked();
}

void Stream::cancel(Error reason) {
  const std::scoped_lock lock(mutex_);
  cancel_locked(std::move(reason));
}

void Stream::abandon() {
  const std::scoped_lock lock(mutex_);
  abandoned_ = true;
  context_.TryCancel();
  read_next_locked();
}

void Stream::OnReadDone(bool ok) {
  std::unique_lock lock(mutex_);
  if (!ok) {
    broken_ = true;
    lock.unlock();
    RemoveHold();
    return;
  }
  if (abandoned_ || reason_) {
    // Cut off: read on to the end, so that nothing of this stream can come up later.
    reading_ = false;
    read_next_locked();
    return;
  }
  const std::size_t bytes = incoming_.ByteSizeLong();
  auto message = read(incoming_, !welcomed_);
  if (!message) {
    reading_ = false;
    cancel_locked(std::move(message.error()).prefixed("a message of the scheduler"));
    return;
  }
  welcomed_ = true;
  unprocessed_bytes_ += bytes;
  auto self = self_;
  lock.unlock();
  // Told while this read still counts as under way: processed() must not start the next one before, or their order would be lost.
  presence_.host->received(*self, *std::move(message), bytes);
  lock.lock();
  reading_ = false;
  read_next_locked();
}

void Stream::OnWriteDone(bool ok) {
  const std::scoped_lock lock(mutex_);
  outgoing_.written();
  // A failed write ends nothing by itself: what the scheduler has said may still be read.
  if (!ok) writes_ended_ = true;
  write_next_locked();
}

void Stream::OnDone(const grpc::Status& status) {
  std::shared_ptr<Stream> self;
  Error reason;
  {
    const std::scoped_lock lock(mutex_);
    self = std::move(self_);
    if (reason_) {
      reason = *reason_;
    } else if (status.ok()) {
      reason = {.code = Code::Unavailable, .message = "the scheduler ended the stream", .field = {}, .cause = {}};
    } else {
      reason = convert::error_from(status);
    }
  }
  presence_.host->done(id_, std::move(reason));
}

void Stream::read_next_locked() {
  if (reading_ || broken_) return;
  if (unprocessed_bytes_ > kUnprocessedBytesMax && !abandoned_ && !reason_) return;
  reading_ = true;
  StartRead(&incoming_);
}

void Stream::write_next_locked() {
  if (broken_ || writes_ended_) return;
  if (const auto* message = outgoing_.take()) {
    StartWrite(message);
  } else if (draining_ && outgoing_.empty()) {
    writes_ended_ = true;
    StartWritesDone();
  }
}

void Stream::cancel_locked(Error reason) {
  if (reason_) return;
  reason_ = std::move(reason);
  outgoing_.clear();
  writes_ended_ = true;
  context_.TryCancel();
  read_next_locked();
}

}  // namespace meepo::adapters::direct
