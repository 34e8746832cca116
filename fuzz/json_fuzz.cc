// Any bytes as the JSON of a request: refused with a field and a message, or read; then what is written of it reads back as the same, and
// a task made of it is either refused with a message or complete.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "api/http/json_read.h"
#include "api/http/json_write.h"
#include "convert/convert.h"
#include "meepo/v1/task_service.pb.h"
#include "scheduler/scheduler.h"

namespace {

using namespace meepo;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_spec(const v1::TaskSpec& message) {
  auto spec = convert::spec_from(message);
  if (!spec) return check(!spec.error().message.empty());
  const auto checked = scheduler::check(*std::move(spec), "Asia/Shanghai");
  if (!checked) return check(!checked.error().message.empty());
  check(!checked->task->spec.options.zone.empty());
}

}  // namespace

// The first byte chooses the message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const std::unique_ptr<google::protobuf::Message> kMessages[] = {
      std::make_unique<v1::TaskSpec>(), std::make_unique<v1::CreateBatchRequest>(), std::make_unique<v1::UpdateTaskRequest>(),
      std::make_unique<v1::TriggerTaskRequest>(), std::make_unique<v1::BackfillRequest>()};
  const auto& kind = kMessages[data[0] % std::size(kMessages)];
  const std::string_view json(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::unique_ptr<google::protobuf::Message> message(kind->New());
  if (const auto read = api::read_json(json, *message); !read) {
    check(read.error().code == Code::InvalidArgument && !read.error().message.empty());
    return 0;
  }
  std::string written;
  api::write_json(*message, written);
  const std::unique_ptr<google::protobuf::Message> again(kind->New());
  check(api::read_json(written, *again).has_value());
  std::string rewritten;
  api::write_json(*again, rewritten);
  check(written == rewritten);
  if (const auto* spec = dynamic_cast<const v1::TaskSpec*>(message.get())) check_spec(*spec);
  return 0;
}
