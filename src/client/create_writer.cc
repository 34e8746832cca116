#include "client/create_writer.h"

#include <fmt/format.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "client/channel.h"
#include "convert/status.h"
#include "meepo/v1/task_service.grpc.pb.h"

namespace meepo::client {

namespace {

// What a message needs beside its specs: tag and lengths of each item.
constexpr std::size_t kItemOverheadBytes = 24;
/// Request ids that differ only behind the braces go to one shard of the server: so many creates in a row are written together.
constexpr std::uint64_t kCreatesOfShard = 64;
constexpr std::size_t kSpecBytesMax = limits::kGrpcMessageBytesMax - 1024;

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

std::uint64_t random_number() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

/// True when the next stream would be refused for the same reason.
bool is_final(grpc::StatusCode code) {
  return code == grpc::StatusCode::UNAUTHENTICATED || code == grpc::StatusCode::PERMISSION_DENIED ||
         code == grpc::StatusCode::UNIMPLEMENTED || code == grpc::StatusCode::INVALID_ARGUMENT;
}

}  // namespace

class CreateWriter::Impl {
 public:
  Impl(std::shared_ptr<grpc::ChannelInterface> channel, Options options);

  void create(v1::TaskSpec spec, Done done);
  bool flush(milliseconds timeout);
  void close();
  std::size_t waiting() const {
    const std::scoped_lock lock(mutex_);
    return pending_.size();
  }

 private:
  class Stream;
  struct Pending {
    v1::TaskSpec spec;
    std::size_t bytes = 0;
    SteadyTime deadline;
    bool sent_before = false;  ///< on an earlier stream, which had a connection
    SteadyTime sent_at;        ///< on the open stream; epoch: not yet
    Done done;
  };
  using Answers = std::vector<std::pair<Done, Result<v1::CreateTaskResponse>>>;

  // All below: under the lock, unless the name says otherwise.
  Stream* fill_message();
  bool perhaps_there(const Pending& pending) const;
  Error unanswered(const Pending& pending, const std::string& what) const;
  void answer(std::map<std::uint64_t, Pending>::iterator entry, Result<v1::CreateTaskResponse> result, Answers& answers);
  void expire(SteadyTime now, Answers& answers);
  void open_stream();
  SteadyTime next_wake() const;

  std::string request_id_of(std::uint64_t tag) const { return fmt::format("{}{}}}{}", request_id_prefix_, tag / kCreatesOfShard, tag); }

  void keep();  // the keeper's thread: deadlines and reconnects
  void give(Answers answers);  // without the lock: runs them, then says so to flush() and close()

  // The stream's reactions, on gRPC's threads.
  void on_answers(v1::CreateStreamResponse& response);
  void on_written(Stream& stream, bool ok);
  void on_broken(Stream& stream);
  void on_done(const grpc::Status& status);

  const Options options_;
  const std::unique_ptr<v1::TaskService::Stub> stub_;
  const std::string request_id_prefix_;

  mutable std::mutex mutex_;
  std::condition_variable keeper_wake_;
  std::condition_variable changed_;                ///< answers came, or the stream is gone
  std::map<std::uint64_t, Pending> pending_;       ///< by tag: the order of the calls and of the deadlines
  std::size_t bytes_ = 0;
  std::size_t giving_ = 0;                         ///< answers taken out of pending_ whose `done` has not returned
  std::uint64_t last_tag_ = 0;
  std::uint64_t next_unsent_ = 1;                  ///< tags from here on are not on the open stream yet
  std::unique_ptr<Stream> stream_;                 ///< null: none is open
  std::unique_ptr<Stream> ended_;                  ///< had its on_done; destroyed by the keeper or close()
  SteadyTime last_answer_;
  SteadyTime reconnect_at_;
  SteadyTime keeper_wakes_at_ = SteadyTime::max();
  std::minstd_rand jitter_;
  milliseconds backoff_;
  Error last_error_{.code = Code::Unavailable, .message = "no stream was opened", .field = {}, .cause = {}};
  bool closing_ = false;
  std::thread keeper_;
};

// One CreateStream. Writes may start from any thread, so a hold keeps the call alive until no write is under way and none will be.
// Its context holds the channel, whose end joins gRPC's callback threads: so it is never destroyed on one of them.
class CreateWriter::Impl::Stream final : public grpc::ClientBidiReactor<v1::CreateStreamRequest, v1::CreateStreamResponse> {
 public:
  explicit Stream(Impl& owner) : owner_(owner) {}

  void start(v1::TaskService::Stub& stub, const std::string& token) {
    add_token(context_, token);
    stub.async()->CreateStream(&context_, this);
    AddHold();
    StartRead(&in_);
    StartCall();
  }
  void write() { StartWrite(&out); }
  void cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) {
      owner_.on_broken(*this);
      return;
    }
    owner_.on_answers(in_);
    StartRead(&in_);
  }
  void OnWriteDone(bool ok) override { owner_.on_written(*this, ok); }
  void OnDone(const grpc::Status& status) override { owner_.on_done(status); }

  // Guarded by the owner's lock, but `out` belongs to gRPC while `writing`.
  v1::CreateStreamRequest out;
  bool writing = false;
  bool wrote = false;  ///< a message went out: there was a connection
  bool broken = false;

 private:
  Impl& owner_;
  grpc::ClientContext context_;
  v1::CreateStreamResponse in_;
};

CreateWriter::Impl::Impl(std::shared_ptr<grpc::ChannelInterface> channel, Options options)
    : options_(std::move(options)),
      stub_(v1::TaskService::NewStub(channel)),
      request_id_prefix_(fmt::format("{{auto-{:016x}-", random_number())),
      jitter_(static_cast<std::minstd_rand::result_type>(random_number())),
      backoff_(options_.reconnect_first),
      keeper_([this] { keep(); }) {}

void CreateWriter::Impl::create(v1::TaskSpec spec, Done done) {
  const std::size_t bytes = spec.ByteSizeLong();
  if (bytes > kSpecBytesMax) {
    done(fail(Code::Exhausted,
              "create: the spec has " + std::to_string(bytes) + " bytes; at most " + std::to_string(kSpecBytesMax) + " fit a message"));
    return;
  }
  Stream* stream = nullptr;
  {
    std::unique_lock lock(mutex_);
    if (closing_ || pending_.size() >= options_.creates_max || bytes_ + bytes > options_.bytes_max) {
      const bool closed = closing_;
      lock.unlock();
      done(closed ? fail(Code::Unavailable, "create: the client is closed; nothing was sent")
                  : fail(Code::Exhausted, "create: " + std::to_string(options_.creates_max) + " creates or " +
                                              std::to_string(options_.bytes_max) + " bytes wait for their answer; repeat later"));
      return;
    }
    const std::uint64_t tag = ++last_tag_;
    if (spec.request_id().empty()) spec.set_request_id(request_id_of(tag));
    const SteadyTime deadline = steady_now() + options_.timeout;
    pending_.emplace_hint(pending_.end(), tag,
                          Pending{.spec = std::move(spec), .bytes = bytes, .deadline = deadline, .sent_at = {}, .done = std::move(done)});
    bytes_ += bytes;
    if (next_wake() < keeper_wakes_at_) keeper_wake_.notify_one();
    stream = fill_message();
  }
  if (stream) stream->write();
}

CreateWriter::Impl::Stream* CreateWriter::Impl::fill_message() {
  if (!stream_ || stream_->writing || stream_->broken || closing_) return nullptr;
  auto entry = pending_.lower_bound(next_unsent_);
  if (entry == pending_.end()) return nullptr;
  v1::CreateStreamRequest& out = stream_->out;
  out.clear_items();
  std::size_t bytes = 0;
  const SteadyTime now = steady_now();
  while (entry != pending_.end() && static_cast<std::size_t>(out.items_size()) < options_.message_items_max) {
    Pending& pending = entry->second;
    bytes += pending.bytes + kItemOverheadBytes;
    if (bytes > options_.message_bytes_max && out.items_size() > 0) break;
    auto* item = out.add_items();
    item->set_tag(entry->first);
    *item->mutable_spec() = pending.spec;
    pending.sent_at = now;
    next_unsent_ = entry->first + 1;
    ++entry;
  }
  stream_->writing = true;
  return stream_.get();
}

bool CreateWriter::Impl::perhaps_there(const Pending& pending) const {
  return pending.sent_before || (pending.sent_at != SteadyTime() && stream_ && stream_->wrote);
}

Error CreateWriter::Impl::unanswered(const Pending& pending, const std::string& what) const {
  if (perhaps_there(pending)) {
    return Error{
        .code = Code::Unknown,
        .message = "create was sent and not answered: " + what + "; repeat it with the request id \"" + pending.spec.request_id() + "\"",
        .field = {},
        .cause = {}};
  }
  return Error{.code = Code::Unavailable, .message = "create was not sent: " + what, .field = {}, .cause = {}};
}

void CreateWriter::Impl::answer(std::map<std::uint64_t, Pending>::iterator entry, Result<v1::CreateTaskResponse> result, Answers& answers) {
  bytes_ -= entry->second.bytes;
  ++giving_;
  answers.emplace_back(std::move(entry->second.done), std::move(result));
  pending_.erase(entry);
}

void CreateWriter::Impl::give(Answers answers) {
  if (answers.empty()) return;
  const std::size_t count = answers.size();
  for (auto& [done, result] : answers) done(std::move(result));
  // Notified under the lock: close() may destroy this object as soon as it sees nothing left to give.
  const std::scoped_lock lock(mutex_);
  giving_ -= count;
  changed_.notify_all();
}

void CreateWriter::Impl::on_answers(v1::CreateStreamResponse& response) {
  Answers answers;
  answers.reserve(static_cast<std::size_t>(response.items_size()));
  {
    const std::scoped_lock lock(mutex_);
    last_answer_ = steady_now();
    backoff_ = options_.reconnect_first;
    for (auto& item : *response.mutable_items()) {
      const auto entry = pending_.find(item.tag());
      if (entry == pending_.end()) continue;  // its deadline passed before
      switch (item.answer_case()) {
        case v1::CreateStreamResponse::Item::kCreated: answer(entry, std::move(*item.mutable_created()), answers); break;
        case v1::CreateStreamResponse::Item::kError: answer(entry, fail(convert::error_from(item.error())), answers); break;
        case v1::CreateStreamResponse::Item::ANSWER_NOT_SET:
          answer(entry, fail(Code::Unknown, "create: the server's answer says nothing; its version may be another"), answers);
          break;
      }
    }
  }
  give(std::move(answers));
}

void CreateWriter::Impl::on_written(Stream& stream, bool ok) {
  Stream* next = nullptr;
  bool release = false;
  {
    const std::scoped_lock lock(mutex_);
    stream.writing = false;
    stream.wrote |= ok;
    // After a failed write the reader hears of it too; the later of the two releases the hold.
    release = stream.broken;
    stream.broken |= !ok;
    next = fill_message();
  }
  if (next) next->write();
  if (release) stream.RemoveHold();
}

void CreateWriter::Impl::on_broken(Stream& stream) {
  bool release = false;
  {
    const std::scoped_lock lock(mutex_);
    stream.broken = true;
    release = !stream.writing;
  }
  if (release) stream.RemoveHold();
}

void CreateWriter::Impl::on_done(const grpc::Status& status) {
  Answers answers;
  {
    const std::scoped_lock lock(mutex_);
    for (auto entry = pending_.begin(); entry != pending_.end() && entry->first < next_unsent_; ++entry) {
      entry->second.sent_before = perhaps_there(entry->second);
      entry->second.sent_at = {};
    }
    ended_ = std::move(stream_);
    last_error_ = status.ok() ? Error{.code = Code::Unavailable, .message = "the server closed the stream", .field = {}, .cause = {}}
                              : convert::error_from(status);
    if (is_final(status.error_code())) {
      while (!pending_.empty()) answer(pending_.begin(), fail(last_error_), answers);
    }
    next_unsent_ = pending_.empty() ? last_tag_ + 1 : pending_.begin()->first;
    const auto spread = std::uniform_int_distribution<milliseconds::rep>(backoff_.count() / 2, backoff_.count())(jitter_);
    reconnect_at_ = steady_now() + milliseconds(spread);
    backoff_ = std::min(backoff_ * 2, options_.reconnect_max);
    keeper_wake_.notify_one();
    changed_.notify_all();
  }
  give(std::move(answers));
}

void CreateWriter::Impl::expire(SteadyTime now, Answers& answers) {
  while (!pending_.empty() && pending_.begin()->second.deadline <= now) {
    const auto entry = pending_.begin();
    const Pending& pending = entry->second;
    // Nothing at all came back since it was sent: the connection is taken for dead.
    if (stream_ && pending.sent_at != SteadyTime() && last_answer_ < pending.sent_at) stream_->cancel();
    Error error = unanswered(pending, "no answer within " + std::to_string(options_.timeout.count()) + " ms" +
                                          (stream_ ? "" : " (" + last_error_.message + ")"));
    if (error.code == Code::Unknown) error.code = Code::Timeout;
    answer(entry, fail(std::move(error)), answers);
  }
}

void CreateWriter::Impl::open_stream() {
  stream_ = std::make_unique<Stream>(*this);
  next_unsent_ = pending_.begin()->first;
  stream_->start(*stub_, options_.token);
}

SteadyTime CreateWriter::Impl::next_wake() const {
  if (pending_.empty()) return SteadyTime::max();
  const SteadyTime deadline = pending_.begin()->second.deadline;
  return stream_ ? deadline : std::min(deadline, reconnect_at_);
}

void CreateWriter::Impl::keep() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    const SteadyTime now = steady_now();
    Answers answers;
    expire(now, answers);
    ended_.reset();
    Stream* stream = nullptr;
    if (!stream_ && !pending_.empty() && now >= reconnect_at_) {
      open_stream();
      stream = fill_message();
    }
    if (stream || !answers.empty()) {
      lock.unlock();
      if (stream) stream->write();
      give(std::move(answers));
      lock.lock();
      continue;
    }
    keeper_wakes_at_ = next_wake();
    if (keeper_wakes_at_ == SteadyTime::max()) {
      keeper_wake_.wait(lock);
    } else {
      keeper_wake_.wait_until(lock, keeper_wakes_at_);
    }
  }
}

bool CreateWriter::Impl::flush(milliseconds timeout) {
  std::unique_lock lock(mutex_);
  const std::uint64_t until = last_tag_;
  return changed_.wait_for(lock, timeout, [&] { return giving_ == 0 && (pending_.empty() || pending_.begin()->first > until); });
}

void CreateWriter::Impl::close() {
  Answers answers;
  {
    std::unique_lock lock(mutex_);
    closing_ = true;
    keeper_wake_.notify_all();
    if (stream_) stream_->cancel();
    changed_.wait(lock, [&] { return stream_ == nullptr && giving_ == 0; });
    while (!pending_.empty()) {  // the stream's end has noted what was sent
      answer(pending_.begin(), fail(unanswered(pending_.begin()->second, "the client is closed")), answers);
    }
  }
  if (keeper_.joinable()) keeper_.join();
  ended_.reset();
  give(std::move(answers));
}

CreateWriter::CreateWriter(std::shared_ptr<grpc::ChannelInterface> channel, Options options)
    : impl_(std::make_unique<Impl>(std::move(channel), std::move(options))) {}
CreateWriter::~CreateWriter() { close(); }

void CreateWriter::create(v1::TaskSpec spec, Done done) { impl_->create(std::move(spec), std::move(done)); }
bool CreateWriter::flush(milliseconds timeout) { return impl_->flush(timeout); }
void CreateWriter::close() { impl_->close(); }
std::size_t CreateWriter::waiting() const { return impl_->waiting(); }

}  // namespace meepo::client
