#include "protocol/hessian2/encoder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "base/bytes.h"
#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/test_support.h"

namespace meepo::hessian2 {
namespace {

std::string hex(Value value) { return to_hex(encode(value).value()); }

TEST(Hessian2Encoder, Doubles_LoseTheSignOfZeroAndTheBitsOfNanLikeJava) {
  EXPECT_EQ(hex(Document::real(-0.0)), "5b");
  EXPECT_EQ(hex(Document::real(std::nan("1"))), "447ff8000000000000");
  EXPECT_EQ(hex(Document::real(-std::numeric_limits<double>::quiet_NaN())), "447ff8000000000000");
}

/// As Java casts: cut to a whole number and into the range of an int.
std::int32_t to_int(double number) {
  if (number >= 0x7FFFFFFF) return std::numeric_limits<std::int32_t>::max();
  if (number <= -0x80000000LL) return std::numeric_limits<std::int32_t>::min();
  return static_cast<std::int32_t>(number);
}

/// The tag that Java's writeDouble takes.
char java_tag(double number) {
  const auto whole = to_int(number);
  if (number == 0 || number == 1) return number == 0 ? '\x5B' : '\x5C';
  if (whole == number && whole >= -0x80 && whole < 0x80) return '\x5D';
  if (whole == number && whole >= -0x8000 && whole < 0x8000) return '\x5E';
  return 0.001 * to_int(number * 1000) == number ? '\x5F' : 'D';
}

TEST(Hessian2Encoder, Doubles_TakeTheFormThatJavaTakes) {
  std::vector<double> numbers{std::numeric_limits<double>::infinity(), std::numeric_limits<double>::max(),
                              std::numeric_limits<double>::denorm_min()};
  for (const double edge : {0.0, 1.0, 127.0, 128.0, 32'767.0, 32'768.0, 2'147'483.0, 2'147'483.647, 2'147'483.648, 2'147'484.0,
                            2'147'483'647.0, 2'147'483'648.0, 9.95, 0.001, 0.0005, 0.37 * 3}) {
    numbers.insert(numbers.end(), {edge, edge + 1, std::nextafter(edge, 1e300), std::nextafter(edge, -1e300)});
  }
  std::mt19937 random(1);
  for (int i = 0; i < 10'000; ++i) numbers.push_back(0.001 * static_cast<std::int32_t>(random()) * (1 + i % 3));
  for (const auto positive : numbers) {
    for (const auto number : {positive, -positive}) {
      const auto octets = encode(Document::real(number)).value();
      EXPECT_EQ(octets.front(), java_tag(number)) << fmt::format("{:.17}", number);
      Document document;
      EXPECT_EQ(decode(octets, document).value().real(), number) << fmt::format("{:.17}", number);
    }
  }
}

TEST(Hessian2Encoder, SecondOccurrence_IsAReference) {
  Document document;
  const auto list = document.list("", {Document::integer(1)});
  EXPECT_EQ(hex(document.list("", {list, list})), "7a79915191");
  // Equal is not the same.
  EXPECT_EQ(hex(document.list("", {list, document.list("", {Document::integer(1)})})), "7a79917991");
  // Texts and bytes are never referred to.
  const auto text = document.string("dup");
  EXPECT_EQ(hex(document.list("", {text, text})), "7a0364757003647570");
}

TEST(Hessian2Encoder, Cycles_EndInAReference) {
  Document document;
  const auto list = document.list("", {Value()});
  Document::replace(list, 0, list);
  EXPECT_EQ(hex(list), "795190");
}

TEST(Hessian2Encoder, Tables_RunThroughAllValuesOfAStream) {
  Document document;
  Document other;  // the same class and type, made elsewhere
  const auto object = document.object("A", {{"x", Document::integer(1)}});
  Encoder encoder;
  ASSERT_TRUE(encoder.write(object));
  ASSERT_TRUE(encoder.write(other.object("A", {{"x", Document::integer(2)}})));
  ASSERT_TRUE(encoder.write(object));
  ASSERT_TRUE(encoder.write(document.list("[int", {Document::integer(1)})));
  ASSERT_TRUE(encoder.write(other.map("[int", {})));
  EXPECT_EQ(to_hex(encoder.octets()),
            "430141910178"
            "6091"     // definition 0, object
            "6092"                    // the same class
            "5190"                    // the first object
            "71045b696e7491"
            "4d905a" // type 0 by its name, then by its number
  );
  EXPECT_EQ(to_hex(encoder.take()).size(), 44U);
}

TEST(Hessian2Encoder, ClassesBeyondSixteen_AreNumberedBehindO) {
  Document document;
  Encoder encoder;
  std::string names = "abcdefghijklmnopq";
  for (const char name : names) ASSERT_TRUE(encoder.write(document.object(std::string(1, name), {})));
  EXPECT_TRUE(encoder.octets().ends_with("C\x01q\x90O\xA0")) << to_hex(encoder.octets());
}

TEST(Hessian2Encoder, TwoDefinitionsOfOneName_AreTwoClasses) {
  Document document;
  Encoder encoder;
  ASSERT_TRUE(encoder.write(document.object("A", {})));
  ASSERT_TRUE(encoder.write(document.object("A", {{"x", Value()}})));
  EXPECT_EQ(to_hex(encoder.octets()),
            "4301419060"
            "4301419101"
            "78614e");
}

TEST(Hessian2Encoder, BytesMax_IsTheLengthOfTheStream) {
  Document document;
  const auto value = document.string("abc");
  EXPECT_EQ(encode(value, 4).value().size(), 4U);
  const auto refused = encode(value, 3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Exhausted);
  EXPECT_NE(refused.error().message.find("3 octets"), std::string::npos) << refused.error().message;
}

TEST(Hessian2Encoder, FailedStream_StaysFailed) {
  Document document;
  Encoder encoder(10);
  ASSERT_TRUE(encoder.write(document.string("abc")));
  ASSERT_FALSE(encoder.write(document.bytes("0123456789")));
  const auto again = encoder.write(Value());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::Exhausted);
}

TEST(Hessian2Encoder, LongText_IsNotHeldTwiceBeforeItIsRefused) {
  Document document;
  const std::string text(kStreamBytesMax + 1, 'x');
  Encoder encoder;
  ASSERT_FALSE(encoder.write(document.string(text)));
  EXPECT_LT(encoder.octets().size(), 16U);
}

Value nested(Document& document, std::size_t levels) {
  Value value;
  for (std::size_t i = 0; i < levels; ++i) value = document.list("", {value});
  return value;
}

TEST(Hessian2Encoder, OneLevelBelowDepthMax_IsRefused) {
  Document document;
  EXPECT_TRUE(encode(nested(document, kDepthMax)));
  const auto refused = encode(nested(document, kDepthMax + 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Exhausted);
}

TEST(Hessian2Encoder, OneValueBeyondValuesMax_IsRefused) {
  Document document;
  std::vector<Value> items(kValuesMax - 1);
  EXPECT_TRUE(encode(document.list("", items)));
  items.emplace_back();
  EXPECT_FALSE(encode(document.list("", items)));
}

TEST(Hessian2Encoder, OneContainerBeyondContainersMax_IsRefused) {
  Document document;
  std::vector<Value> items;
  while (items.size() < kContainersMax - 1) items.push_back(document.list("", {}));
  EXPECT_TRUE(encode(document.list("", items)));
  items.push_back(document.list("", {}));
  EXPECT_FALSE(encode(document.list("", items)));
}

TEST(Hessian2Encoder, OneClassBeyondDefinitionsMax_IsRefused) {
  Document document;
  Encoder encoder;
  for (std::size_t i = 0; i < kDefinitionsMax; ++i) ASSERT_TRUE(encoder.write(document.object(std::to_string(i), {})));
  EXPECT_FALSE(encoder.write(document.object("one more", {})));
}

TEST(Hessian2Encoder, OneTypeBeyondTypesMax_IsRefused) {
  Document document;
  Encoder encoder;
  for (std::size_t i = 0; i < kTypesMax; ++i) ASSERT_TRUE(encoder.write(document.list(std::to_string(i), {})));
  EXPECT_FALSE(encoder.write(document.list("one more", {})));
}

}  // namespace
}  // namespace meepo::hessian2
