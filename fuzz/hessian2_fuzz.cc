// Any octets as a Hessian stream: refused, or values that travel on unchanged and become valid JSON within its limit; and as JSON for a
// Java type: refused with a place, or a value.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/encoder.h"
#include "protocol/hessian2/json.h"

namespace {

using namespace meepo;
using namespace meepo::hessian2;

void check(bool holds) {
  if (!holds) std::abort();
}

/// The values of a stream as a stream of their own, up to the first that does not decode.
std::string encoded_again(std::string_view octets) {
  Document document;
  Decoder decoder(octets, document);
  Encoder encoder;
  while (!decoder.at_end()) {
    const auto value = decoder.read();
    if (!value) {
      check((value.error().code == Code::Corruption || value.error().code == Code::Exhausted) && !value.error().message.empty());
      break;
    }
    if (!encoder.write(*value)) break;
  }
  return encoder.take();
}

void fuzz_stream(std::string_view octets) {
  const auto once = encoded_again(octets);
  check(encoded_again(once) == once);
}

void fuzz_to_json(std::string_view octets, std::size_t bytes_max) {
  Document document;
  const auto value = decode(octets, document);
  if (!value) return;
  const auto json = to_json(*value, bytes_max);
  check(json.size() <= bytes_max && is_utf8(json));
  Document read;
  // JSON that is nested deeper than it is read is refused.
  const auto again = value_from_json(json, "java.lang.Object", "value", read);
  check(again ? encode(*again).has_value() : !again.error().message.empty());
}

void fuzz_from_json(std::string_view text) {
  const auto type = text.substr(0, text.find('\n'));
  const auto json = text.substr(std::min(type.size() + 1, text.size()));
  Document document;
  const auto value = value_from_json(json, type, "params[0]", document);
  if (!value) return check(value.error().code == Code::InvalidArgument && value.error().field.starts_with("params[0]"));
  const auto encoded = encode(*value);
  check(encoded.has_value());
  Document read;
  check(decode(*encoded, read).has_value());
}

}  // namespace

// The first octet chooses; for JSON out of a stream the second one is the room.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: fuzz_stream(rest); break;
    case 1: fuzz_to_json(rest.substr(1), 512 + 16 * std::size_t{data[1]}); break;
    default: fuzz_from_json(rest);
  }
  return 0;
}
