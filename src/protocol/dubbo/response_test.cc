#include "protocol/dubbo/response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"
#include "base/text.h"

namespace meepo::dubbo {
namespace {

using testing::HasSubstr;

const std::string kAttachmentsHex =
    "48"
    "05" +
    to_hex("dubbo") + "05" + to_hex("2.0.2") + "5a";

std::string hex_of(const Answer& answer, ResponseForm form) { return to_hex(encode_response(answer, form).value()); }

TEST(Response, TheFlagSaysWhatFollows) {
  hessian2::Document document;
  const Returned value{document.string("a")};
  const Thrown thrown{.class_name = "a.E", .message = "no"};
  const std::string thrown_hex =
      "43"
      "03" +
      to_hex("a.E") +
      "91"
      "0d" +
      to_hex("detailMessage") +
      "60"
      "02" +
      to_hex("no");
  EXPECT_EQ(hex_of(value, {.attachments = false}), "910161");
  EXPECT_EQ(hex_of(value, {}), "940161" + kAttachmentsHex);
  EXPECT_EQ(hex_of(Returned{}, {.attachments = false}), "92");
  EXPECT_EQ(hex_of(Returned{}, {}), "95" + kAttachmentsHex);
  EXPECT_EQ(hex_of(thrown, {.attachments = false}), "90" + thrown_hex);
  EXPECT_EQ(hex_of(thrown, {}), "93" + thrown_hex + kAttachmentsHex);
}

TEST(Response, AGenericCallerGetsAGenericException) {
  const auto hex = hex_of(Thrown{.class_name = "a.b.C", .message = "gm"}, {.generic = true});
  // As in vectors/responses.jsonl, exGeneric: what both Java consumers read.
  EXPECT_EQ(hex,
            "9343302e636f6d2e616c69626162612e647562626f2e7270632e736572766963652e47656e65726963457863657074696f6e930e657863657074696f6e43"
            "6c61737310657863657074696f6e4d6573736167650d64657461696c4d6573736167656005612e622e4302676d09612e622e433a20676d" +
                kAttachmentsHex);
}

TEST(Response, OneOverTheLimitOfABodyIsNotWritten) {
  hessian2::Document document;
  EXPECT_EQ(encode_response(Returned{document.string(std::string(kBodyBytesMax, 'x'))}, {}).error().code, Code::Exhausted);
}

TEST(Response, WhatIsNoResponseIsRefused) {
  for (const std::string_view hex :
       {"", "96", "8f", "4e", "0161", "91", "94", "940161", "93", "90", "904e", "900161", "9048015a", "914d", "940161480161"}) {
    const auto octets = from_hex(hex).value();
    const auto response = decode_response(octets);
    ASSERT_FALSE(response) << hex;
    EXPECT_EQ(response.error().code, Code::Corruption) << hex;
    EXPECT_NE(response.error().message, "");
  }
}

TEST(Response, OctetsBehindItArePassedOver) {
  const auto octets = from_hex("91027674999999").value();
  EXPECT_EQ(decode_response(octets).value().value.text(), "vt");
}

TEST(Response, TextsOfAStatusKeepEveryCharacter) {
  for (const std::string text : {"", "plain", "中文 é", "\xf0\x9f\x98\x80 beyond"}) EXPECT_EQ(decode_text(encode_text(text)), text);
  EXPECT_EQ(to_hex(encode_text("\xf0\x9f\x98\x80")), "02eda0bdedb880") << "two units of UTF-16, each by itself, as Java wants it";
  EXPECT_TRUE(is_utf8(decode_text(encode_text("\xff\xed\xa0\xbd")))) << "octets that are no UTF-8 are escaped";
}

TEST(Response, ALongTextIsCutBetweenCharacters) {
  const auto is_cut = [](const std::string& text) { return text.size() <= kStatusTextBytesKept && text.ends_with("…") && is_utf8(text); };
  EXPECT_EQ(decode_text(encode_text(std::string(kStatusTextBytesKept, 'x'))), std::string(kStatusTextBytesKept, 'x'));
  EXPECT_TRUE(is_cut(decode_text(encode_text(std::string(kStatusTextBytesKept + 1, 'x')))));
  std::string wide;
  while (wide.size() <= kStatusTextBytesKept) wide += "\xf0\x9f\x98\x80";
  EXPECT_TRUE(is_cut(decode_text(encode_text(wide))));
  // A peer's text may be as long as a frame: 53 and a length of 32,768 units.
  EXPECT_TRUE(is_cut(decode_text("\x53\x80" + std::string(1, '\0') + std::string(0x8000, 'y'))));
}

TEST(Response, AStatusWithoutATextSaysSo) {
  for (const std::string_view body : {"", "N", "\x90", "\x45",
                                      "\x05"
                                      "ab"})
    EXPECT_THAT(decode_text(body), HasSubstr("no readable text"));
}

}  // namespace
}  // namespace meepo::dubbo
