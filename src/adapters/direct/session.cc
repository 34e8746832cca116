#include "adapters/direct/session.h"

#include <string>
#include <utility>

#include "convert/status.h"

namespace meepo::adapters::direct {
namespace {

/// Read and not yet dealt with: beyond it the executor has to wait (HTTP/2 flow control), so a flood stays on its side.
constexpr std::size_t kUnprocessedBytesMax = std::size_t{4} << 20U;

}  // namespace

void Session::begin(std::shared_ptr<Session> self) {
  const std::scoped_lock lock(mutex_);
  self_ = std::move(self);
  read_next_locked();
}

template <class Item, class Write>
void Session::add_all(const std::vector<Item>& items, Write write_item) {
  const std::scoped_lock lock(mutex_);
  if (ending_) return;
  for (const auto& item : items) outgoing_.added(write_item(item, outgoing_.open()));
  if (outgoing_.bytes() > outgoing_bytes_max_) {
    end_locked(convert::to_status(Error{.code = Code::Exhausted,
                                        .message = "the executor does not read: " + std::to_string(outgoing_.bytes()) +
                                                   " bytes wait for it, at most " + std::to_string(outgoing_bytes_max_) + " may",
                                        .field = {},
                                        .cause = {}}));
  }
}

void Session::welcome(SysTime now) {
  const std::scoped_lock lock(mutex_);
  outgoing_.open().mutable_welcome()->set_now_ms(to_unix_ms(now));
  outgoing_.added(sizeof(std::int64_t));
}

void Session::tell_time(std::uint64_t question, ports::ExactTime now) {
  const std::scoped_lock lock(mutex_);
  if (ending_) return;
  auto& out = *outgoing_.open().mutable_store_time();
  out.set_question(question);
  out.set_now_us(now.time_since_epoch().count());
  outgoing_.added(2 * sizeof(std::int64_t));
}

void Session::add(const std::vector<ports::Run>& runs) {
  add_all(runs, [](const ports::Run& run, v1::ToExecutor& out) { return write(run, *out.add_runs()); });
}

void Session::add_cancel_asked(const std::vector<ports::RunRef>& runs) {
  add_all(runs, [](const ports::RunRef& run, v1::ToExecutor& out) { return write(run, *out.add_cancel_asked()); });
}

void Session::add(const std::vector<ports::EndVerdict>& verdicts) {
  add_all(verdicts, [](const ports::EndVerdict& verdict, v1::ToExecutor& out) { return write(verdict, *out.add_end_verdicts()); });
}

void Session::add(const std::vector<ports::RenewVerdict>& verdicts) {
  add_all(verdicts, [](const ports::RenewVerdict& verdict, v1::ToExecutor& out) { return write(verdict, *out.add_renew_verdicts()); });
}

void Session::flush() {
  const std::scoped_lock lock(mutex_);
  write_next_locked();
}

void Session::processed(std::size_t bytes) {
  const std::scoped_lock lock(mutex_);
  unprocessed_bytes_ -= bytes;
  read_next_locked();
}

bool Session::said_hello() {
  const std::scoped_lock lock(mutex_);
  return said_hello_;
}

void Session::close(const Error& reason) {
  const std::scoped_lock lock(mutex_);
  end_locked(convert::to_status(reason));
}

void Session::cancel() {
  const std::scoped_lock lock(mutex_);
  if (!done_) context_.TryCancel();
}

void Session::OnReadDone(bool ok) {
  std::unique_lock lock(mutex_);
  if (!ok) {
    // The executor has said its last word, or is gone.
    end_locked(grpc::Status::OK);
    return;
  }
  if (ending_) return;
  const std::size_t bytes = incoming_.ByteSizeLong();
  auto message = read(incoming_, !said_hello_);
  if (!message) {
    end_locked(convert::to_status(message.error()));
    return;
  }
  said_hello_ = true;
  unprocessed_bytes_ += bytes;
  auto self = self_;
  lock.unlock();
  // Told while this read still counts as under way: processed() must not start the next one before, or their order would be lost.
  host_->received(self, *std::move(message), bytes);
  lock.lock();
  reading_ = false;
  read_next_locked();
}

void Session::OnWriteDone(bool ok) {
  const std::scoped_lock lock(mutex_);
  outgoing_.written();
  if (!ok) end_locked(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the stream broke"));
  if (ending_ && !finished_) {
    finished_ = true;
    Finish(status_);
    return;
  }
  write_next_locked();
}

void Session::OnCancel() {
  const std::scoped_lock lock(mutex_);
  end_locked(grpc::Status(grpc::StatusCode::CANCELLED, "the executor is gone"));
}

void Session::OnDone() {
  std::shared_ptr<Session> self;
  {
    const std::scoped_lock lock(mutex_);
    done_ = true;
    self = std::move(self_);
  }
  host_->done(std::move(self));
}

void Session::read_next_locked() {
  if (reading_ || ending_ || unprocessed_bytes_ > kUnprocessedBytesMax) return;
  reading_ = true;
  StartRead(&incoming_);
}

void Session::write_next_locked() {
  if (ending_) return;
  if (const auto* message = outgoing_.take()) StartWrite(message);
}

void Session::end_locked(grpc::Status status) {
  if (ending_) return;
  ending_ = true;
  status_ = std::move(status);
  outgoing_.clear();
  if (outgoing_.writing()) return;
  finished_ = true;
  Finish(status_);
}

}  // namespace meepo::adapters::direct
