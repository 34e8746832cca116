#include "api/grpc/create_stream.h"

#include <fmt/format.h>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "convert/status.h"

namespace meepo::api {
namespace {

using Request = v1::CreateStreamRequest;
using Response = v1::CreateStreamResponse;

/// The answers to one message.
struct Batch {
  std::vector<std::uint64_t> tags;
  std::size_t bytes = 0;  // of the message
  Calls::CreatedAll answers;
};

/// Reads come on gRPC's threads, answers on the loop's: the state is under one mutex, and operations are started outside of it, because
/// gRPC may run their completion inside the call. At most one read and one write are under way; Finish comes when neither is.
class CreateStream final : public grpc::ServerBidiReactor<Request, Response> {
 public:
  CreateStream(Calls& calls, Result<void> admitted) : calls_(calls) {
    if (admitted) {
      reading_ = true;
    } else {
      status_ = convert::to_status(admitted.error());
    }
  }

  void start(std::shared_ptr<CreateStream> self) {
    self_ = std::move(self);
    if (reading_) {
      StartRead(&request_);
    } else {
      step();
    }
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      {
        const std::lock_guard lock(mutex_);
        reading_ = false;
        ended_ = true;
      }
      return step();
    }
    const auto count = static_cast<std::size_t>(request_.items_size());
    if (count > limits::kBatchItemsMax) {
      end_with({.code = Code::Exhausted,
                .message = fmt::format("items is {} long: expected at most {} in one message", count, limits::kBatchItemsMax),
                .field = "items"});
      return step();
    }
    create(count);
    step();
  }

  void OnWriteDone(bool ok) override {
    {
      const std::lock_guard lock(mutex_);
      writing_ = false;
      items_ -= std::exchange(writing_items_, 0);
      bytes_ -= std::exchange(writing_bytes_, 0);
      if (!ok) broken_ = true;
    }
    step();
  }

  void OnCancel() override {
    {
      const std::lock_guard lock(mutex_);
      broken_ = true;
    }
    step();
  }

  void OnDone() override { self_.reset(); }

 private:
  void create(std::size_t count) {
    if (count == 0) {
      const std::lock_guard lock(mutex_);
      reading_ = false;
      return;
    }
    std::vector<std::uint64_t> tags;
    tags.reserve(count);
    for (const auto& item : request_.items()) tags.push_back(item.tag());
    const auto admitted = calls_.admit_creates(count);
    std::vector<Calls::Checked> specs;
    if (admitted) {
      specs.reserve(count);
      for (const auto& item : request_.items()) specs.push_back(calls_.check(item.spec()));
    }
    const auto bytes = request_.ByteSizeLong();
    {
      const std::lock_guard lock(mutex_);
      reading_ = false;
      items_ += count;
      bytes_ += bytes;
    }
    Answer answer(self_, std::move(tags), bytes);
    if (!admitted) return answer(Calls::CreatedAll(count, fail(admitted.error())));
    calls_.create_all(std::move(specs), std::move(answer));
  }

  /// Hands the answers of one message back, Unknown for all if it is dropped.
  class Answer {
   public:
    Answer(std::shared_ptr<CreateStream> stream, std::vector<std::uint64_t> tags, std::size_t bytes)
        : stream_(std::move(stream)), tags_(std::move(tags)), bytes_(bytes) {}
    Answer(Answer&&) noexcept = default;
    Answer& operator=(Answer&&) = delete;
    ~Answer() {
      if (!stream_) return;
      Calls::CreatedAll lost(tags_.size(), fail(Code::Unknown, "the server stopped before the answer came: the outcome is not known"));
      (*this)(std::move(lost));
    }
    void operator()(Calls::CreatedAll answers) {
      std::exchange(stream_, nullptr)->answered({.tags = std::move(tags_), .bytes = bytes_, .answers = std::move(answers)});
    }

   private:
    std::shared_ptr<CreateStream> stream_;
    std::vector<std::uint64_t> tags_;
    std::size_t bytes_;
  };

  void answered(Batch batch) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(batch));
    }
    step();
  }

  void end_with(const Error& error) {
    const std::lock_guard lock(mutex_);
    reading_ = false;
    ended_ = true;
    status_ = convert::to_status(error);
  }

  /// Starts what may be started now.
  void step() {
    std::vector<Batch> batches;
    bool read = false;
    std::optional<grpc::Status> finish;
    {
      const std::lock_guard lock(mutex_);
      if (finished_) return;
      if (!broken_ && !writing_ && !waiting_.empty()) {
        batches.swap(waiting_);
        writing_ = true;
        for (const auto& batch : batches) {
          writing_items_ += batch.tags.size();
          writing_bytes_ += batch.bytes;
        }
      }
      const bool idle = !reading_ && !writing_;
      if (idle && broken_) {
        finish = grpc::Status(grpc::StatusCode::CANCELLED, "the stream broke");
      } else if (idle && (ended_ || !status_.ok()) && items_ == 0) {
        finish = status_;
      } else if (!reading_ && !ended_ && !broken_ && status_.ok() && items_ < kStreamItemsMax && bytes_ < kStreamBytesMax) {
        reading_ = read = true;
      }
      finished_ = finish.has_value();
    }
    if (finish) return Finish(*finish);
    if (!batches.empty()) write(batches);
    if (read) StartRead(&request_);
  }

  void write(const std::vector<Batch>& batches) {
    response_.Clear();
    for (const auto& batch : batches) {
      for (std::size_t i = 0; i < batch.tags.size(); ++i) {
        auto& item = *response_.add_items();
        item.set_tag(batch.tags[i]);
        if (const auto& answer = batch.answers[i]; answer) {
          Calls::put_created(*answer, *item.mutable_created());
        } else {
          *item.mutable_error() = convert::to_proto(answer.error());
        }
      }
    }
    StartWrite(&response_);
  }

  Calls& calls_;
  std::shared_ptr<CreateStream> self_;  // until OnDone
  Request request_;                     // of the read under way, then of its create()
  Response response_;                   // of the write under way

  std::mutex mutex_;
  std::vector<Batch> waiting_;  // answers to be written
  std::size_t items_ = 0;       // read, and their answers not written yet
  std::size_t bytes_ = 0;       // of their messages
  std::size_t writing_items_ = 0;
  std::size_t writing_bytes_ = 0;
  grpc::Status status_;
  bool reading_ = false;
  bool writing_ = false;
  bool ended_ = false;   // nothing more is read
  bool broken_ = false;  // nothing more is written
  bool finished_ = false;
};

}  // namespace

grpc::ServerBidiReactor<Request, Response>* start_create_stream(Calls& calls, Result<void> admitted) {
  const auto stream = std::make_shared<CreateStream>(calls, std::move(admitted));
  stream->start(stream);
  return stream.get();
}

}  // namespace meepo::api
