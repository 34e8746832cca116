#include "adapters/zookeeper/dubbo_url.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <utility>

namespace meepo::adapters::zookeeper {
namespace {

// The right-hand sides were written by java.net.URLEncoder of Java 17.
const std::array<std::pair<std::string, std::string>, 14> kEncoded{{
    {"", ""},
    {"abcXYZ019", "abcXYZ019"},
    {"a b", "a+b"},
    {"a+b", "a%2Bb"},
    {".-*_", ".-*_"},
    {"~!'()", "%7E%21%27%28%29"},
    {"/:?&=#[]@$,;%", "%2F%3A%3F%26%3D%23%5B%5D%40%24%2C%3B%25"},
    {"\"<>\\^`{|}", "%22%3C%3E%5C%5E%60%7B%7C%7D"},
    {"é", "%C3%A9"},
    {"中文", "%E4%B8%AD%E6%96%87"},
    {"😀", "%F0%9F%98%80"},
    {"\x01\n", "%01%0A"},
    {"condition://0.0.0.0/demo?rule=host+%3D+10.0.*+%3D%3E+host+%3D+10.1.*",
     "condition%3A%2F%2F0.0.0.0%2Fdemo%3Frule%3Dhost%2B%253D%2B10.0.*%2B%253D%253E%2Bhost%2B%253D%2B10.1.*"},
    {"service.name=ServiceBean:/demo.api.GreetingService:1.0.0", "service.name%3DServiceBean%3A%2Fdemo.api.GreetingService%3A1.0.0"},
}};

TEST(JavaUrl, Encode_WritesWhatJavaWrites) {
  for (const auto& [text, encoded] : kEncoded) EXPECT_EQ(java_url_encode(text), encoded);
}

TEST(JavaUrl, Decode_ReadsWhatJavaWrites) {
  for (const auto& [text, encoded] : kEncoded) EXPECT_EQ(java_url_decode(encoded), Result<std::string>(text));
  EXPECT_EQ(java_url_decode("%c3%a9"), Result<std::string>("é"));
}

TEST(JavaUrl, Decode_RefusesAPercentWithoutTwoDigits) {
  for (const auto* text : {"%", "a%", "a%2", "%zz", "%2z", "%+1"}) {
    const auto decoded = java_url_decode(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code, Code::InvalidArgument);
  }
}

RC_GTEST_PROP(JavaUrl, Decode_UndoesEncode, (const std::string& text)) {
  RC_ASSERT(java_url_decode(java_url_encode(text)).value() == text);
}

TEST(DubboUrl, ProviderUrl_IsTheOneThatJavaConsumersFind) {
  const auto url = provider_url({.host = "10.0.0.7",
                                 .port = 20881,
                                 .interface = "org.cheng.meepo.task.service.TaskService",
                                 .methods = {"cancel", "create"},
                                 .version = {},
                                 .group = {},
                                 .pid = 42,
                                 .started = from_unix_ms(1'763'950'200'000)});
  EXPECT_EQ(url.text(),
            "dubbo://10.0.0.7:20881/org.cheng.meepo.task.service.TaskService?anyhost=true&application=meepo&deprecated=false&dubbo=2.0.2"
            "&dynamic=true&generic=false&interface=org.cheng.meepo.task.service.TaskService&methods=cancel,create&pid=42"
            "&prefer.serialization=hessian2&release=2.7.23&serialization=hessian2&side=provider&timestamp=1763950200000");
  EXPECT_EQ(node_name(url),
            "dubbo%3A%2F%2F10.0.0.7%3A20881%2Forg.cheng.meepo.task.service.TaskService%3Fanyhost%3Dtrue%26application%3Dmeepo%26deprecated"
            "%3Dfalse%26dubbo%3D2.0.2%26dynamic%3Dtrue%26generic%3Dfalse%26interface%3Dorg.cheng.meepo.task.service.TaskService%26methods"
            "%3Dcancel%2Ccreate%26pid%3D42%26prefer.serialization%3Dhessian2%26release%3D2.7.23%26serialization%3Dhessian2%26side%3D"
            "provider%26timestamp%3D1763950200000");
  EXPECT_EQ(parse_node_name(node_name(url)), Result<DubboUrl>(url));
}

TEST(DubboUrl, ProviderUrl_WritesVersionAndGroupWhenThereAreAny) {
  const auto url = provider_url(
      {.host = "h", .port = 1, .interface = "a.B", .methods = {"m"}, .version = "1.0.0", .group = "blue", .pid = 1, .started = {}});
  EXPECT_EQ(url.get("version"), "1.0.0");
  EXPECT_EQ(url.get("group"), "blue");
  EXPECT_TRUE(url.text().ends_with("&side=provider&timestamp=0&version=1.0.0"));
}

struct Written {
  const char* text;
  DubboUrl url;
  const char* again;  // how we write it; nullptr: as it was
};

const std::array kWritten{
    Written{"dubbo://10.0.0.7:20880/a.B",
            {.protocol = "dubbo", .user = {}, .password = {}, .host = "10.0.0.7", .port = 20880, .path = "a.B", .parameters = {}},
            nullptr},
    Written{"dubbo://h", {.protocol = "dubbo", .user = {}, .password = {}, .host = "h", .port = 0, .path = {}, .parameters = {}}, nullptr},
    Written{"consumer://10.0.0.9/a.B?category=consumers&side=consumer",
            {.protocol = "consumer",
             .user = {},
             .password = {},
             .host = "10.0.0.9",
             .port = 0,
             .path = "a.B",
             .parameters = {{"category", "consumers"}, {"side", "consumer"}}},
            nullptr},
    Written{"dubbo://u:p@h:1/x/a.B?z=1&a=2&flag&&z=3&=x",
            {.protocol = "dubbo",
             .user = "u",
             .password = "p",
             .host = "h",
             .port = 1,
             .path = "x/a.B",
             .parameters = {{"a", "2"}, {"flag", "flag"}, {"z", "3"}}},
            "dubbo://u:p@h:1/x/a.B?a=2&flag=flag&z=3"},
    Written{"dubbo://[fe80::1]:20880/a.B",
            {.protocol = "dubbo", .user = {}, .password = {}, .host = "fe80::1", .port = 20880, .path = "a.B", .parameters = {}},
            nullptr},
    Written{"dubbo://[::1]/a.B",
            {.protocol = "dubbo", .user = {}, .password = {}, .host = "::1", .port = 0, .path = "a.B", .parameters = {}},
            nullptr},
    Written{"dubbo://h:1?a=b://c/d",
            {.protocol = "dubbo", .user = {}, .password = {}, .host = "h", .port = 1, .path = {}, .parameters = {{"a", "b://c/d"}}},
            nullptr},
};

TEST(DubboUrl, Parse_ReadsWhatStandsInRegistries) {
  for (const auto& [text, url, again] : kWritten) {
    EXPECT_EQ(parse_dubbo_url(text), Result<DubboUrl>(url)) << text;
    EXPECT_EQ(url.text(), again != nullptr ? again : text);
  }
}

TEST(DubboUrl, Interface_IsTheParameterOrThePath) {
  EXPECT_EQ(parse_dubbo_url("dubbo://h:1/a.B")->interface(), "a.B");
  EXPECT_EQ(parse_dubbo_url("dubbo://h:1/path?interface=a.B")->interface(), "a.B");
}

TEST(DubboUrl, Parse_SaysWhatIsWrong) {
  const std::array<std::pair<std::string, std::string>, 11> cases{{
      {"", "PROTOCOL://"},
      {"junk", "PROTOCOL://"},
      {"://h:1", "PROTOCOL://"},
      {"dubbo:///a.B", "HOST"},
      {"dubbo://h:/a.B", "HOST"},
      {"dubbo://h:65536/a.B", "HOST"},
      {"dubbo://h:-1/a.B", "HOST"},
      {"dubbo://h:1x/a.B", "HOST"},
      {"dubbo://fe80::1:20880/a.B", "HOST"},
      {"dubbo://h:1/a\nB", "control"},
      {"dubbo://h:1/\xFF", "UTF-8"},
  }};
  for (const auto& [text, reason] : cases) {
    const auto parsed = parse_dubbo_url(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::InvalidArgument);
    EXPECT_NE(parsed.error().message.find(reason), std::string::npos) << parsed.error().message;
  }
}

TEST(DubboUrl, Parse_RefusesOneByteOrParameterMoreThanTheLimit) {
  std::string text = "dubbo://h:1/";
  text.append(kUrlBytesMax - text.size(), 'a');
  EXPECT_TRUE(parse_dubbo_url(text));
  EXPECT_TRUE(parse_node_name(java_url_encode(text)));
  EXPECT_FALSE(parse_dubbo_url(text + "a"));
  EXPECT_FALSE(parse_node_name(std::string(kUrlBytesMax * 3 + 1, 'a')));

  text = "dubbo://h:1/a?";
  for (std::size_t i = 0; i < kUrlParametersMax; ++i) text += "p" + std::to_string(i) + "=1&";
  EXPECT_TRUE(parse_dubbo_url(text));
  EXPECT_FALSE(parse_dubbo_url(text + "more=1"));
}

RC_GTEST_PROP(DubboUrl, Parse_NeverFailsOtherwiseThanByAnError, (const std::string& text)) {
  const auto parsed = parse_dubbo_url(text);
  const bool well = parsed.has_value() || parsed.error().code == Code::InvalidArgument;
  RC_ASSERT(well);
  if (parsed) RC_ASSERT(parse_dubbo_url(parsed->text()).has_value());
}

TEST(DubboUrl, AdvertiseProblem_NamesAddressesThatJavaDoesNotFind) {
  for (const auto* host : {"127.0.0.1", "127.1.2.3", "localhost", "::1"}) {
    EXPECT_NE(advertise_problem(host).find("address of its own machine"), std::string::npos) << host;
  }
  EXPECT_NE(advertise_problem("0.0.0.0"), "");
  for (const auto* host : {"10.0.0.7", "task.example.org", "2001:db8::1"}) EXPECT_EQ(advertise_problem(host), "") << host;
}

}  // namespace
}  // namespace meepo::adapters::zookeeper
