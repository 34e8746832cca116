#include "base/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace meepo {
namespace {

RC_GTEST_PROP(Hex, FromHex_ReadsWhatToHexWrites, (const std::string& bytes)) { RC_ASSERT(from_hex(to_hex(bytes)) == bytes); }

TEST(Hex, FromHex_TakesBothCasesAndRefusesTheRest) {
  EXPECT_EQ(from_hex("00fFAa"), std::string("\x00\xff\xaa", 3));
  EXPECT_EQ(from_hex(""), "");
  for (const std::string_view text : {"0", "0g", "g0", " 0", "000", "0x"}) EXPECT_EQ(from_hex(text), std::nullopt) << text;
}

RC_GTEST_PROP(Varint, Take_ReadsWhatAppendWrites, (std::uint64_t value, const std::string& rest)) {
  std::string text;
  append_varint(text, value);
  text += rest;
  std::string_view in = text;
  RC_ASSERT(take_varint(in) == value);
  RC_ASSERT(in == rest);
}

TEST(Varint, Append_Takes1To10Bytes) {
  const std::pair<std::uint64_t, std::size_t> cases[] = {{0, 1},      {127, 1},    {128, 2},
                                                         {16'383, 2}, {16'384, 3}, {std::numeric_limits<std::uint64_t>::max(), 10}};
  for (const auto& [value, size] : cases) {
    std::string text;
    append_varint(text, value);
    EXPECT_EQ(text.size(), size) << value;
    std::string_view in = text;
    EXPECT_EQ(take_varint(in), value);
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
      std::string_view prefix = std::string_view(text).substr(0, cut);
      EXPECT_EQ(take_varint(prefix), std::nullopt);
      EXPECT_EQ(prefix.size(), cut) << "a failed read takes nothing";
    }
  }
}

TEST(Varint, Take_RefusesMoreThan64Bits) {
  for (const std::string& text :
       {std::string(9, '\xff') + "\x02", std::string(9, '\xff') + "\x81", std::string(11, '\xff'), std::string(10, '\x80') + '\x01'}) {
    std::string_view in = text;
    EXPECT_EQ(take_varint(in), std::nullopt);
    EXPECT_EQ(in, text);
  }
}

TEST(StableHash, NeverChanges) {
  EXPECT_EQ(stable_hash(""), 0xf52a15e9a9b5e89bULL);
  EXPECT_EQ(stable_hash("meepo"), 0xa9c2e0d6d284615aULL);
  EXPECT_NE(stable_hash("b", stable_hash("a")), stable_hash("ab"));
}

}  // namespace
}  // namespace meepo
