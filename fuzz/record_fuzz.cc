// Any bytes as a stored task or attempt: the decoders refuse them or read a value that encodes to a record of the same value.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "task/record.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view record(reinterpret_cast<const char*>(data), size);
  if (const auto task = meepo::decode_task(record)) {
    const auto again = meepo::decode_task(meepo::encode_task(*task));
    check(again && *again == *task);
  }
  if (const auto attempt = meepo::decode_attempt(record)) {
    const auto again = meepo::decode_attempt(meepo::encode_attempt(*attempt));
    check(again && *again == *attempt);
  }
  return 0;
}
