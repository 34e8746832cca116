// Streams recorded from Java's encoders, streams that no encoder writes but the specification allows, and broken ones (vectors/README.md).

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/bytes.h"
#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/encoder.h"
#include "protocol/hessian2/test_support.h"

namespace meepo::hessian2 {
namespace {

namespace json = boost::json;

/// How many values a stream holds up to its end or its first error; the error is one of the stream's and names its place.
std::size_t values_in(std::string_view octets) {
  Document document;
  Decoder decoder(octets, document);
  std::size_t count = 0;
  while (!decoder.at_end()) {
    const auto value = decoder.read();
    if (!value) {
      EXPECT_EQ(value.error().code, Code::Corruption);
      EXPECT_NE(value.error().message.find("up to octet"), std::string::npos) << value.error().message;
      break;
    }
    ++count;
  }
  return count;
}

/// All values of a stream, written again as one stream.
std::string encoded_again(std::string_view octets) {
  Document document;
  Decoder decoder(octets, document);
  Encoder encoder;
  while (!decoder.at_end()) {
    const auto value = decoder.read();
    if (!value || !encoder.write(*value)) return "error";
  }
  return encoder.take();
}

// Dubbo 2.7 cuts bytes into chunks of 4,093 octets; this encoder takes 8,189 as Dubbo 3 does.
bool has_short_chunks(std::string_view octets) { return octets.starts_with("\x41\x0F\xFD"); }

TEST(Hessian2Vectors, EncodedByJava_DecodeToWhatWasRecorded) {
  std::size_t checked = 0;
  for (const auto& line : load_vectors("encoded.jsonl")) {
    if (!line.contains("hex")) continue;  // Java refused to write it
    std::string expected;
    // One description runs through all values of a stream, as its references do.
    for (const auto& wire : line.at("wire").as_array()) expected += describe_wire(wire) + '\n';
    const auto octets = expand_hex(text_of(line, "hex"));
    EXPECT_TRUE(fits(expected, describe_stream(octets)))
        << text_of(line, "java") << "\nexpected " << expected << "decoded  " << describe_stream(octets);
    ++checked;
  }
  EXPECT_EQ(checked, 359U);
}

TEST(Hessian2Vectors, EncodedByJava_EncodeToTheSameOctets) {
  for (const auto& line : load_vectors("encoded.jsonl")) {
    const auto octets = expand_hex(text_of(line, "hex"));
    if (has_short_chunks(octets)) {
      EXPECT_EQ(describe_stream(encoded_again(octets)), describe_stream(octets)) << text_of(line, "java");
    } else {
      EXPECT_EQ(to_hex(encoded_again(octets)), to_hex(octets)) << text_of(line, "java");
    }
  }
}

TEST(Hessian2Vectors, EncodedByJava_EveryPrefixIsCorruptOrEndsBetweenValues) {
  constexpr std::size_t kAllUpTo = 1'500;  // of longer ones a few places: what is behind is the same string or bytes
  for (const auto& line : load_vectors("encoded.jsonl")) {
    const auto octets = expand_hex(text_of(line, "hex"));
    const auto all = values_in(octets);
    for (std::size_t size = 0; size < octets.size(); size += size < kAllUpTo ? 1 : 9'973) {
      // A copy of its own, so that AddressSanitizer sees a read behind the end.
      const std::vector<char> prefix(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_LT(values_in({prefix.data(), prefix.size()}), all) << text_of(line, "java") << ", the first " << size << " octets";
    }
  }
}

TEST(Hessian2Vectors, AllowedButNeverWritten_AreRead) {
  for (const auto& line : load_vectors("accepted.jsonl")) {
    const auto octets = expand_hex(text_of(line, "hex"));
    EXPECT_EQ(describe_stream(octets), text_of(line, "here") + '\n') << text_of(line, "name");
    EXPECT_EQ(describe_stream(encoded_again(octets)), describe_stream(octets)) << text_of(line, "name");
  }
}

TEST(Hessian2Vectors, Hostile_AreRefusedOrHarmlessData) {
  for (const auto& line : load_vectors("hostile.jsonl")) {
    const auto octets = expand_hex(text_of(line, "hex"));
    Document document;
    const auto value = decode(octets, document);
    const auto verdict = value ? "value" : std::string(to_string(value.error().code));
    EXPECT_EQ(verdict, text_of(line, "here")) << text_of(line, "name") << ": " << (value ? "" : value.error().message);
  }
}

}  // namespace
}  // namespace meepo::hessian2
