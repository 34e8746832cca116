// What holds for every value and for every octet.

#include <boost/json.hpp>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"
#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/encoder.h"
#include "protocol/hessian2/json.h"
#include "protocol/hessian2/random_value.h"
#include "protocol/hessian2/test_support.h"

namespace meepo::hessian2 {
namespace {

/// Long scripts: rapidcheck's vectors grow to the size of 100 only.
rc::Gen<std::vector<std::uint8_t>> script() { return rc::gen::scale(10.0, rc::gen::arbitrary<std::vector<std::uint8_t>>()); }

std::string without_lost_bits(std::string text) {
  // -0.0 and the bits of NaNs do not travel.
  for (std::size_t at = 0; (at = text.find("double ", at)) != std::string::npos; at += 7) {
    auto bits = text.substr(at + 7, 16);
    const bool is_nan = (bits.starts_with("7ff") || bits.starts_with("fff")) && bits.substr(3) != "0000000000000";
    if (is_nan) bits = "7ff8000000000000";
    if (bits == "8000000000000000") bits = "0000000000000000";
    text.replace(at + 7, 16, bits);
  }
  return text;
}

RC_GTEST_PROP(Hessian2Properties, ValueThatTravels_IsTheSame, ()) {
  Document document;
  const auto octets = *script();
  const auto value = RandomValue(octets, document).make();
  const auto encoded = encode(value);
  RC_ASSERT(encoded.has_value());
  Document received;
  const auto decoded = decode(*encoded, received);
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(describe(*decoded) == without_lost_bits(describe(value)));
  RC_ASSERT(encode(*decoded).value() == *encoded);
  RC_CLASSIFY(describe(value).find("ref ") != std::string::npos, "shared or cyclic");
}

RC_GTEST_PROP(Hessian2Properties, ValueOutOfAStream_StandsForItself, ()) {
  Document document;
  const auto first = *script();
  const auto second = *script();
  Encoder encoder;
  RandomValue values(first, document);
  const auto one = values.make();
  RC_ASSERT(encoder.write(one).has_value());
  // The second may refer to classes, types and values of the first.
  const auto other = document.list("", {RandomValue(second, document).make(), one});
  RC_ASSERT(encoder.write(other).has_value());
  Document received;
  Decoder decoder(encoder.octets(), received);
  RC_ASSERT(decoder.read().has_value());
  const auto read = decoder.read();
  RC_ASSERT(read.has_value());
  Document alone;
  const auto again = decode(encode(*read).value(), alone);
  RC_ASSERT(again.has_value());
  RC_ASSERT(describe(*again) == describe(*read));
}

RC_GTEST_PROP(Hessian2Properties, CutStream_IsRefused, ()) {
  Document document;
  const auto octets = *script();
  const auto encoded = encode(RandomValue(octets, document).make()).value();
  const auto size = *rc::gen::inRange<std::size_t>(0, encoded.size());
  Document received;
  const auto decoded = decode(std::string_view(encoded).substr(0, size), received);
  RC_ASSERT(!decoded.has_value());
  RC_ASSERT(decoded.error().code == Code::Corruption);
}

RC_GTEST_PROP(Hessian2Properties, ChangedStream_IsRefusedOrTravelsOn, ()) {
  Document document;
  const auto octets = *script();
  auto encoded = encode(RandomValue(octets, document).make()).value();
  const auto changes =
      *rc::gen::container<std::vector<std::pair<std::uint32_t, char>>>(rc::gen::arbitrary<std::pair<std::uint32_t, char>>());
  for (const auto& [at, octet] : changes) encoded[at % encoded.size()] = octet;
  Document received;
  const auto decoded = decode(encoded, received);
  if (!decoded) return;
  Document again;
  const auto travelled = encode(*decoded);
  RC_ASSERT(travelled.has_value());
  RC_ASSERT(describe(decode(*travelled, again).value()) == without_lost_bits(describe(*decoded)));
}

RC_GTEST_PROP(Hessian2Properties, Json_IsValidAndWithinItsLimit, ()) {
  Document document;
  const auto octets = *script();
  const auto value = RandomValue(octets, document).make();
  const auto bytes_max = *rc::gen::inRange<std::size_t>(512, 6'000);
  const auto json = to_json(value, bytes_max);
  RC_ASSERT(json.size() <= bytes_max);
  RC_ASSERT(is_utf8(json));
  boost::json::parse_options options;
  options.max_depth = 1'000;
  boost::system::error_code error;
  boost::json::parse(json, error, {}, options);
  RC_ASSERT(!error);
  RC_CLASSIFY(json.find("$cut") != std::string::npos, "cut");
}

RC_GTEST_PROP(Hessian2Properties, JsonOfAnyType_SurvivesTheWayThere, ()) {
  Document document;
  const auto octets = *script();
  const auto json = to_json(RandomValue(octets, document).make());
  Document read;
  const auto value = value_from_json(json, "java.lang.Object", "params[0]", read);
  RC_PRE(value.has_value());  // JSON may be nested deeper than it is read
  const auto again = to_json(*value);
  Document read_again;
  // Types that JSON has no room for are gone the first time.
  RC_ASSERT(to_json(value_from_json(again, "java.lang.Object", "params[0]", read_again).value()) == again);
}

}  // namespace
}  // namespace meepo::hessian2
