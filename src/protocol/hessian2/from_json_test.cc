#include <gtest/gtest.h>

#include "base/text.h"
#include "protocol/hessian2/big_integer.h"
#include "protocol/hessian2/decimal.h"
#include "protocol/hessian2/java_type.h"
#include "protocol/hessian2/json.h"
#include "protocol/hessian2/test_support.h"
#include "protocol/hessian2/text.h"

namespace meepo::hessian2 {
namespace {

/// What becomes of `json` as a parameter of `type`, or the message of the refusal.
std::string converted(std::string_view json, std::string_view type) {
  Document document;
  const auto value = value_from_json(json, type, "params[0]", document);
  if (!value) EXPECT_EQ(value.error().code, Code::InvalidArgument);
  return value ? describe(*value) : value.error().message;
}

struct FitCase {
  std::string_view type;
  std::string_view json;
  std::string_view value;
};

class Hessian2FromJsonFits : public testing::TestWithParam<FitCase> {};

TEST_P(Hessian2FromJsonFits, BecomesWhatJavaExpects) { EXPECT_EQ(converted(GetParam().json, GetParam().type), GetParam().value); }

INSTANTIATE_TEST_SUITE_P(
    Numbers, Hessian2FromJsonFits,
    testing::ValuesIn(std::to_array<FitCase>({
        {"int", "5", "int 5"},
        {"int", "-2147483648", "int -2147483648"},
        {"byte", "-128", "int -128"},
        {"java.lang.Short", "32767", "int 32767"},
        {"java.lang.Integer", "null", "null"},
        {"long", "5", "long 5"},
        {"long", "9223372036854775807", "long 9223372036854775807"},
        {"java.lang.Long", "\"9223372036854775807\"", "long 9223372036854775807"},  // as to_json writes it
        {"double", "0.1", "double 3fb999999999999a"},
        {"float", "1", "double 3ff0000000000000"},
        {"double", "1e-400", "double 0000000000000000"},
        {"double", "\"NaN\"", "double 7ff8000000000000"},
        {"java.lang.Double", "\"-Infinity\"", "double fff0000000000000"},
        {"boolean", "true", "true"},
        {"java.lang.Boolean", "false", "false"},
        {"java.math.BigDecimal", "12345678901234567890.10",
         "#0 object \"java.math.BigDecimal\" (value: string 31323334353637383930313233343536373839302e3130, )"},
        {"java.math.BigDecimal", "\"-1E+10\"", "#0 object \"java.math.BigDecimal\" (value: string 2d31452b3130, )"},
        {"java.math.BigInteger", "123456789012345678901234567890",
         "#0 object \"java.math.BigInteger\" (signum: int 1, mag: #1 list \"[int\" (int 1, int -1897328650, int -1015815954, int "
         "1312754386, ), )"},
        {"java.math.BigInteger", "\"-1\"", "#0 object \"java.math.BigInteger\" (signum: int -1, mag: #1 list \"[int\" (int 1, ), )"},
        {"java.math.BigInteger", "0", "#0 object \"java.math.BigInteger\" (signum: int 0, mag: #1 list \"[int\" (), )"},
    })));

INSTANTIATE_TEST_SUITE_P(TextsAndTimes, Hessian2FromJsonFits,
                         testing::ValuesIn(std::to_array<FitCase>({
                             {"java.lang.String", "\"a\\u4e2d\"", "string 61e4b8ad"},
                             {"java.lang.String", "\"\\ud83d\\ude00\"", "string eda0bdedb880"},
                             {"java.lang.CharSequence", "null", "null"},
                             {"char", "\"Z\"", "string 5a"},
                             {"byte[]", "\"AP8Q\"", "bytes 00ff10"},
                             {"[B", "[0,-1,255]", "bytes 00ffff"},
                             {"char[]", "\"ab\"", "string 6162"},
                             {"java.util.Date", "1700000000000", "date 1700000000000"},
                             {"java.util.Date", "\"2023-11-14T22:13:20Z\"", "date 1700000000000"},
                             {"java.util.Date", "\"2023-11-15T06:13:20.5+08:00\"", "date 1700000000500"},
                             {"java.sql.Timestamp", "0", "#0 object \"java.sql.Timestamp\" (value: date 0, )"},
                         })));

INSTANTIATE_TEST_SUITE_P(Containers, Hessian2FromJsonFits,
                         testing::ValuesIn(std::to_array<FitCase>({
                             {"int[]", "[1,2]", "#0 list \"[int\" (int 1, int 2, )"},
                             {"[J", "[1]", "#0 list \"[long\" (long 1, )"},
                             {"int[][]", "[[1],null,[]]", "#0 list \"[[int\" (#1 list \"[int\" (int 1, ), null, #2 list \"[int\" (), )"},
                             {"byte[][]", "[\"AQ==\"]", "#0 list \"[[byte\" (bytes 01, )"},
                             {"[Ljava.lang.String;", "[\"a\",null]", "#0 list \"[string\" (string 61, null, )"},
                             {"java.lang.Object[]", "[1,\"a\"]", "#0 list \"[object\" (int 1, string 61, )"},
                             {"[Ljava/util/Date;", "[0]", "#0 list \"[date\" (date 0, )"},
                             {"java.lang.Integer[]", "[1,null]", "#0 list \"[java.lang.Integer\" (int 1, null, )"},
                             {"demo.Person[]", "[{}]",
                              "#0 list \"[demo.Person\" (#1 map \"\" (string 636c617373 = string 64656d6f2e506572736f6e, ), )"},
                             {"java.util.List", "[1,2.5,null]", "#0 list \"\" (int 1, double 4004000000000000, null, )"},
                             {"java.util.LinkedList", "[]", "#0 list \"java.util.LinkedList\" ()"},
                             {"java.util.Set", "[\"a\"]", "#0 list \"java.util.HashSet\" (string 61, )"},
                             {"java.util.Map", "{\"a\":{\"b\":1}}", "#0 map \"\" (string 61 = #1 map \"\" (string 62 = int 1, ), )"},
                             {"java.util.SortedMap", "{\"a\":1}", "#0 map \"java.util.TreeMap\" (string 61 = int 1, )"},
                             {"java.util.List", "null", "null"},
                         })));

INSTANTIATE_TEST_SUITE_P(
    Beans, Hessian2FromJsonFits,
    testing::ValuesIn(std::to_array<FitCase>({
    // A map that names the class: what generic calls make beans of.
        {"demo.Person", R"({"name":"x"})",
         "#0 map \"\" (string 636c617373 = string 64656d6f2e506572736f6e, string 6e616d65 = string 78, )"},
        {"demo.Person", R"({"class":"demo.Boss"})", "#0 map \"\" (string 636c617373 = string 64656d6f2e426f7373, )"},
        {"Ldemo/Person;", "null", "null"},
        {"demo.Color", "\"RED\"", "string 524544"},
    // An object of just this class.
        {"demo.Person", R"({"$class":"demo.Boss","x":1})", "#0 object \"demo.Boss\" (x: int 1, )"},
        {"java.lang.Object", R"({"$class":"demo.Color","name":"RED"})", "#0 object \"demo.Color\" (name: string 524544, )"},
        {"java.lang.Object", R"({"$class":"java.util.TreeMap","a":1})", "#0 map \"java.util.TreeMap\" (string 61 = int 1, )"},
        {"java.lang.Object", R"({"$class":"java.math.BigDecimal","value":"1.50"})",
         "#0 object \"java.math.BigDecimal\" (value: string 312e3530, )"},
        {"java.lang.Object", R"({"$class":"java.math.BigInteger","value":"7"})",
         "#0 object \"java.math.BigInteger\" (signum: int 1, mag: #1 list \"[int\" (int 7, ), )"},
    })));

INSTANTIATE_TEST_SUITE_P(Any, Hessian2FromJsonFits,
                         testing::ValuesIn(std::to_array<FitCase>({
                             {"java.lang.Object", "2147483647", "int 2147483647"},
                             {"java.lang.Object", "2147483648", "long 2147483648"},
                             {"java.lang.Object", "9223372036854775808",
                              "#0 object \"java.math.BigInteger\" (signum: int 1, mag: #1 list \"[int\" (int -2147483648, int 0, ), )"},
                             {"java.lang.Object", "0.1", "double 3fb999999999999a"},
                             {"java.lang.Object", "1.50", "double 3ff8000000000000"},
                             {"java.lang.Object", "1e3", "double 408f400000000000"},
    // A double would lose digits.
                             {"java.lang.Object", "0.12345678901234567890",
                              "#0 object \"java.math.BigDecimal\" (value: string 302e3132333435363738393031323334353637383930, )"},
                             {"java.lang.Number", "1e400", "#0 object \"java.math.BigDecimal\" (value: string 3165343030, )"},
                             {"java.io.Serializable", "true", "true"},
                         })));

struct MisfitCase {
  std::string_view type;
  std::string_view json;
  std::string_view message;
};

class Hessian2FromJsonMisfits : public testing::TestWithParam<MisfitCase> {};

TEST_P(Hessian2FromJsonMisfits, IsRefusedWithItsPlace) { EXPECT_EQ(converted(GetParam().json, GetParam().type), GetParam().message); }

INSTANTIATE_TEST_SUITE_P(
    All, Hessian2FromJsonMisfits,
    testing::ValuesIn(std::to_array<MisfitCase>({
        {"int", "null", "params[0] is null: expected a value for int"},
        {"int", "2147483648", "params[0] is 2147483648: expected a whole number from -2147483648 to 2147483647 for int"},
        {"int", "1.0", "params[0] is 1.0: expected a whole number from -2147483648 to 2147483647 for int"},
        {"int", "\"5\"", "params[0] is \"5\": expected a whole number from -2147483648 to 2147483647 for int"},
        {"byte", "128", "params[0] is 128: expected a whole number from -128 to 127 for byte"},
        {"long", "9223372036854775808", "params[0] is 9223372036854775808: expected a whole number of 64 bits or its text for long"},
        {"long", "\"\"", "params[0] is \"\": expected a whole number of 64 bits or its text for long"},
        {"double", "1e309", "params[0] is 1e309: expected a number within 1.798e+308 for double"},
        {"float", "1e39", "params[0] is 1e39: expected a number within 3.403e+38 for float"},
        {"boolean", "1", "params[0] is 1: expected true or false for boolean"},
        {"char", "\"ab\"", "params[0] is \"ab\": expected a string of one UTF-16 unit for char"},
        {"java.lang.String", "5", "params[0] is 5: expected a string for java.lang.String"},
        {"java.math.BigDecimal", "\"1,5\"", "params[0] is \"1,5\": expected a number or its text for java.math.BigDecimal"},
        {"java.math.BigInteger", "1.5",
         "params[0] is 1.5: expected a whole number or its text, at most 4096 digits for java.math.BigInteger"},
        {"java.util.Date", "\"2023-11-14\"",
         "params[0] is \"2023-11-14\": expected milliseconds since 1970 or a time with its offset like \"2026-01-31T08:00:00+08:00\" for "
         "java.util.Date"},
        {"byte[]", "\"AP8\"", "params[0] is \"AP8\": expected base 64 or an array of bytes for byte[]"},
        {"byte[]", "[0,256]", "params[0][1] is 256: expected bytes from -128 to 255 for byte[]"},
        {"int[][]", "[[1],[2,null]]", "params[0][1][1] is null: expected a value for int"},
        {"java.util.List", "{}", "params[0] is an object: expected an array for java.util.List"},
        {"java.util.Map", "[]", "params[0] is an array: expected an object for java.util.Map"},
        {"demo.Person", "5", "params[0] is 5: expected an object or a string for demo.Person"},
        {"java.lang.Object", R"({"a":[{"$class":5}]})", "params[0].a[0].$class is 5: expected the name of a class for java.lang.Class"},
        {"", "1", "params[0] has the type \"\": expected a Java type like int, java.lang.String, java.util.List or int[]"},
        {"java.util.List<Long>", "[]",
         "params[0] has the type \"java.util.List<Long>\": expected a Java type like int, java.lang.String, java.util.List or int[]"},
        {"[X", "[]", "params[0] has the type \"[X\": expected a Java type like int, java.lang.String, java.util.List or int[]"},
    })));

TEST(Hessian2FromJson, Arguments_AreAsManyAsTypes) {
  Document document;
  const std::vector<std::string> types = {"int", "java.lang.String"};
  const auto values = arguments_from_json(R"([5, "x"])", types, document);
  ASSERT_TRUE(values);
  ASSERT_EQ(values->size(), 2U);
  EXPECT_EQ(describe((*values)[1]), "string 78");
  for (const auto* const params : {"[5]", "[5,\"x\",6]", "{}", "5"}) {
    const auto refused = arguments_from_json(params, types, document);
    ASSERT_FALSE(refused) << params;
    EXPECT_EQ(refused.error().field, "params") << params;
  }
}

TEST(Hessian2FromJson, Misfit_NamesItsPlaceAsField) {
  Document document;
  const std::vector<std::string> types = {"int", "java.lang.Integer[]"};
  const auto refused = arguments_from_json(R"([5, [1, "x"]])", types, document);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "params[1][1]");
}

TEST(Hessian2FromJson, NoJson_IsRefusedWithItsOffset) {
  Document document;
  for (const auto* const text : {"", "[", "[1,]", "{\"a\"}", "1 2", "\"\xFF\"", "nul"}) {
    const auto refused = value_from_json(text, "java.lang.Object", "result", document);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().field, "result");
    EXPECT_TRUE(refused.error().message.starts_with("result is no JSON (")) << refused.error().message;
  }
}

TEST(Hessian2FromJson, OneLevelBelowJsonDepthMax_IsRefused) {
  Document document;
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_TRUE(value_from_json(nested(kJsonDepthMax), "java.lang.Object", "result", document));
  EXPECT_FALSE(value_from_json(nested(kJsonDepthMax + 1), "java.lang.Object", "result", document));
}

TEST(Hessian2FromJson, OneOctetBeyondJsonInputBytesMax_IsRefused) {
  Document document;
  const std::string blanks(kJsonInputBytesMax - 1, ' ');
  EXPECT_TRUE(value_from_json(blanks + "1", "int", "result", document));
  EXPECT_FALSE(value_from_json(blanks + "12", "int", "result", document));
}

TEST(Hessian2FromJson, OneDigitBeyondBigDigitsMax_IsRefused) {
  Document document;
  const std::string digits(kBigDigitsMax, '9');
  const auto value = value_from_json(digits, "java.math.BigInteger", "result", document);
  ASSERT_TRUE(value);
  EXPECT_EQ(decimal_of(*value), digits);
  EXPECT_FALSE(value_from_json(digits + "9", "java.math.BigInteger", "result", document));
}

TEST(Hessian2FromJson, OneCharacterOfADecimalBeyondBigDigitsMax_IsRefused) {
  Document document;
  const auto decimal = "0." + std::string(kBigDigitsMax - 2, '1');
  for (const auto* const type : {"java.math.BigDecimal", "java.lang.Object"}) {
    EXPECT_TRUE(value_from_json(decimal, type, "result", document)) << type;
    EXPECT_FALSE(value_from_json(decimal + "1", type, "result", document)) << type;
  }
}

TEST(Hessian2BigInteger, Digits_SurviveTheWayThereAndBack) {
  Document document;
  for (const std::string_view digits : {"0", "1", "-1", "999999999", "1000000000", "4294967295", "4294967296", "-18446744073709551616",
                                        "1000000000000000000000000000000000000001"}) {
    const auto value = big_integer_of(digits, document);
    ASSERT_TRUE(value) << digits;
    EXPECT_EQ(decimal_of(*value), digits);
  }
  for (const std::string_view wrong : {"", "-", "1.0", "+1", "0x1", " 1"}) EXPECT_FALSE(big_integer_of(wrong, document)) << wrong;
}

TEST(Hessian2BigInteger, ObjectsOfAnotherShape_AreNone) {
  Document document;
  EXPECT_FALSE(decimal_of(Value()));
  EXPECT_FALSE(decimal_of(document.object(kBigInteger, {})));
  EXPECT_FALSE(decimal_of(document.object(kBigInteger, {{"signum", Document::integer(1)}, {"mag", document.list("", {Value()})}})));
  EXPECT_FALSE(decimal_of(document.object("a.B", {{"signum", Document::integer(1)}, {"mag", document.list("", {})}})));
  const std::vector<Value> words(1'000, Document::integer(-1));
  EXPECT_FALSE(decimal_of(document.object(kBigInteger, {{"signum", Document::integer(1)}, {"mag", document.list("[int", words)}})));
}

TEST(Hessian2Decimal, ExactDouble_KeepsEveryDigitOrIsNone) {
  for (const std::string_view exact :
       {"0", "-0.0", "0.1", "100", "1e3", "1E+3", "0.30000000000000004", "1.7976931348623157e308", "5e-324", "00.50"}) {
    EXPECT_TRUE(to_exact_double(exact)) << exact;
  }
  for (const std::string_view lossy : {"0.1000000000000000055511151231257827", "9007199254740993", "1e400", "1e-400", "x", "", "."}) {
    EXPECT_FALSE(to_exact_double(lossy)) << lossy;
  }
}

TEST(Hessian2JavaType, Forms_MeanTheSame) {
  for (const std::string_view text : {"a.B[][]", "[[La.B;", "[[La/B;"}) {
    const auto type = parse_java_type(text, "params[0]");
    ASSERT_TRUE(type) << text;
    EXPECT_EQ(type->written(), "a.B[][]");
    EXPECT_EQ(type->list_type(), "[[a.B");
  }
  // In the form in which text travels.
  EXPECT_EQ(converted("[]", "\xF0\x9F\x98\x80[]"), "#0 list \"[\xED\xA0\xBD\xED\xB8\x80\" ()");
  EXPECT_FALSE(parse_java_type("a\xFF", "params[0]"));
  EXPECT_TRUE(parse_java_type(std::string(255, '[') + "I", "params[0]"));
  EXPECT_FALSE(parse_java_type(std::string(256, '[') + "I", "params[0]"));
}

}  // namespace
}  // namespace meepo::hessian2
