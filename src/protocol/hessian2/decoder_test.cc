#include "protocol/hessian2/decoder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "base/bytes.h"
#include "protocol/hessian2/encoder.h"
#include "protocol/hessian2/test_support.h"

namespace meepo::hessian2 {
namespace {

Code code_of(std::string_view octets) {
  Document document;
  const auto value = decode(octets, document);
  EXPECT_FALSE(value);
  return value ? Code::Internal : value.error().code;
}

std::string octet(unsigned value) { return {static_cast<char>(value)}; }

/// What a stream of only this octet is.
std::string expected_alone(unsigned tag) {
  if (tag == 0x00) return "string \n";
  if (tag == 0x20) return "bytes \n";
  if (tag == 'F') return "false\n";
  if (tag == 'N') return "null\n";
  if (tag == 'T') return "true\n";
  if (tag == 0x5B) return "double 0000000000000000\n";
  if (tag == 0x5C) return "double 3ff0000000000000\n";
  if (tag == 0x78) return "#0 list \"\" ()\n";
  if (tag >= 0x80 && tag <= 0xBF) return "int " + std::to_string(static_cast<int>(tag) - 0x90) + '\n';
  if (tag >= 0xD8 && tag <= 0xEF) return "long " + std::to_string(static_cast<int>(tag) - 0xE0) + '\n';
  return "error\n";
}

TEST(Hessian2Decoder, EveryFirstOctetAlone_IsAValueOrAnError) {
  for (unsigned tag = 0; tag < 256; ++tag) EXPECT_EQ(describe_stream(octet(tag)), expected_alone(tag)) << std::hex << tag;
}

TEST(Hessian2Decoder, EveryFirstOctetBeforeZeros_IsAValueUnlessItNeedsMoreThanZeros) {
  // 40, 45, 47, 50 are reserved; Z ends what has not begun. The others want an int, an end mark, bytes after a chunk, or a class.
  const std::set<unsigned> refused = {0x40, 0x45, 0x47, 0x50, 0x5A, 'A', 'C', 'H', 'M', 'O', 0x51, 0x55, 0x56, 0x57, 0x58};
  for (unsigned tag = 0; tag < 256; ++tag) {
    const auto octets = octet(tag) + std::string(1'100, '\0');
    Document document;
    Decoder decoder(octets, document);
    const bool is_refused = refused.contains(tag) || (tag >= 0x60 && tag <= 0x6F);
    EXPECT_EQ(decoder.read().has_value(), !is_refused) << std::hex << tag;
  }
}

TEST(Hessian2Decoder, Tables_RunThroughAllValuesOfAStream) {
  const auto octets = from_hex(
                          "430141910178"
                          "6091"
                          "6092"
                          "5190"
                          "71045b696e7491"
                          "4d905a")
                          .value();
  EXPECT_EQ(describe_stream(octets),
            "#0 object \"A\" (x: int 1, )\n"
            "#1 object \"A\" (x: int 2, )\n"
            "ref 0\n"
            "#2 list \"[int\" (int 1, )\n"
            "#3 map \"[int\" ()\n");
}

TEST(Hessian2Decoder, OffsetAndEnd_FollowTheValues) {
  Document document;
  Decoder decoder(
      "\x91\x02"
      "abN",
      document);
  for (const std::size_t offset : {1U, 4U, 5U}) {
    EXPECT_FALSE(decoder.at_end());
    ASSERT_TRUE(decoder.read());
    EXPECT_EQ(decoder.offset(), offset);
  }
  EXPECT_TRUE(decoder.at_end());
}

TEST(Hessian2Decoder, AfterAnError_AnswersTheSameError) {
  Document document;
  Decoder decoder("\x91\x40N", document);
  ASSERT_TRUE(decoder.read());
  const auto first = decoder.read();
  const auto second = decoder.read();
  ASSERT_FALSE(first);
  ASSERT_FALSE(second);
  EXPECT_EQ(first.error(), second.error());
}

TEST(Hessian2Decoder, Decode_RefusesWhatFollowsTheValue) {
  Document document;
  const auto value = decode("NN", document);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Code::Corruption);
  EXPECT_NE(value.error().message.find("octet 1 of 2"), std::string::npos) << value.error().message;
}

TEST(Hessian2Decoder, Values_OutliveTheOctets) {
  Document document;
  auto octets = std::make_unique<std::string>(from_hex("7a"
                                                       "03616263"
                                                       "43014191017860"
                                                       "21ff")
                                                  .value());
  const auto value = decode(*octets, document);
  octets.reset();
  ASSERT_TRUE(value);
  EXPECT_EQ(describe(*value), "#0 list \"\" (string 616263, #1 object \"A\" (x: bytes ff, ), )");
}

TEST(Hessian2Decoder, TypeGivenTwiceByName_TakesTwoNumbers) {
  const auto octets = from_hex(
                          "7b"
                          "710161"
                          "90"
                          "710161"
                          "90"
                          "7191"
                          "90")
                          .value();  // the third is type 1, the second mention
  EXPECT_EQ(describe_stream(octets), "#0 list \"\" (#1 list \"a\" (int 0, ), #2 list \"a\" (int 0, ), #3 list \"a\" (int 0, ), )\n");
}

TEST(Hessian2Decoder, ReferenceToAnUnfinishedParent_IsTheParent) {
  EXPECT_EQ(describe_stream(from_hex("7a"
                                     "7a"
                                     "5190"
                                     "5191"
                                     "4801615192"
                                     "5a")
                                .value()),
            "#0 list \"\" (#1 list \"\" (ref 0, ref 1, ), #2 map \"\" (string 61 = ref 2, ), )\n");
}

TEST(Hessian2Decoder, ReferenceBomb_IsSharedNotCopied) {
  // Each list holds the one before it ten times: 10^50 values when copied, 50 lists when shared.
  Document source;
  Value value = source.list("", {});
  for (int i = 0; i < 50; ++i) {
    const std::vector<Value> items(10, value);
    value = source.list("", items);
  }
  const auto octets = encode(value).value();
  EXPECT_LT(octets.size(), 1'500U);
  Document document;
  EXPECT_EQ(encode(decode(octets, document).value()).value(), octets);
}

TEST(Hessian2Decoder, OneLevelBelowDepthMax_IsRefused) {
  Document document;
  EXPECT_TRUE(decode(std::string(kDepthMax, '\x79') + "N", document));
  EXPECT_EQ(code_of(std::string(kDepthMax + 1, '\x79') + "N"), Code::Exhausted);
}

/// A list of so many items, which `item` follows as often.
std::string list_of(std::size_t count, const std::string& item) {
  auto octets = "XI" + from_hex(fmt::format("{:08x}", count)).value();
  for (std::size_t i = 0; i < count; ++i) octets += item;
  return octets;
}

TEST(Hessian2Decoder, OneValueBeyondValuesMax_IsRefused) {
  Document document;
  EXPECT_TRUE(decode(list_of(kValuesMax - 1, "N"), document));
  EXPECT_EQ(code_of(list_of(kValuesMax, "N")), Code::Exhausted);
}

TEST(Hessian2Decoder, NamesOfFields_CountAsValues) {
  const auto definition = [](std::size_t count) {
    return "C\x01"
           "AI" +
           from_hex(fmt::format("{:08x}", count)).value() + std::string(count, '\0') + "N";
  };
  Document document;
  EXPECT_TRUE(decode(definition(kValuesMax - 1), document));
  EXPECT_EQ(code_of(definition(kValuesMax)), Code::Exhausted);
}

TEST(Hessian2Decoder, OneContainerBeyondContainersMax_IsRefused) {
  Document document;
  EXPECT_TRUE(decode(list_of(kContainersMax - 1, "\x78"), document));
  EXPECT_EQ(code_of(list_of(kContainersMax, "\x78")), Code::Exhausted);
}

TEST(Hessian2Decoder, OneClassBeyondDefinitionsMax_IsRefused) {
  const auto definitions = [](std::size_t count) {
    std::string octets;
    for (std::size_t i = 0; i < count; ++i)
      octets +=
          "C\x01"
          "A\x90";
    return octets + "N";
  };
  Document document;
  EXPECT_TRUE(decode(definitions(kDefinitionsMax), document));
  EXPECT_EQ(code_of(definitions(kDefinitionsMax + 1)), Code::Exhausted);
}

TEST(Hessian2Decoder, OneTypeBeyondTypesMax_IsRefused) {
  Document document;
  EXPECT_TRUE(decode(list_of(kTypesMax,
                             "\x70\x01"
                             "A"),
                     document));
  EXPECT_EQ(code_of(list_of(kTypesMax + 1,
                            "\x70\x01"
                            "A")),
            Code::Exhausted);
}

TEST(Hessian2Decoder, OneOctetBeyondStreamBytesMax_IsRefused) {
  Document document;
  std::string octets(kStreamBytesMax, 'N');
  Decoder decoder(octets, document);
  EXPECT_TRUE(decoder.read());
  octets += 'N';
  Decoder refused(octets, document);
  const auto value = refused.read();
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Code::Exhausted);
}

TEST(Hessian2Decoder, LengthsThatPassTheEnd_AreRefusedBeforeTheItems) {
  // The items would be there up to one: the length alone decides.
  EXPECT_EQ(code_of(from_hex("5892"
                             "91")
                        .value()),
            Code::Corruption);
  Document document;
  EXPECT_TRUE(decode(from_hex("5892"
                              "9191")
                         .value(),
                     document));
}

}  // namespace
}  // namespace meepo::hessian2
