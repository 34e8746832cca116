#include <gtest/gtest.h>

#include "task/task.h"

namespace meepo {
namespace {

Result<TaskSpec> checked(Target target) {
  TaskSpec spec;
  spec.app_id = "billing";
  spec.target = std::move(target);
  return check_spec(std::move(spec), "UTC");
}

void expect_taken(const std::vector<Target>& targets) {
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto answer = checked(targets[i]);
    EXPECT_TRUE(answer.has_value()) << "case " << i << ": " << answer.error().message;
  }
}

struct Refused {
  Target target;
  std::string_view field;
  std::string_view part;  ///< of the message
};

void expect_refused(const std::vector<Refused>& cases) {
  for (const Refused& one : cases) {
    const auto answer = checked(one.target);
    ASSERT_FALSE(answer.has_value()) << one.field << " " << one.part;
    EXPECT_EQ(answer.error().code, Code::InvalidArgument);
    EXPECT_EQ(answer.error().field, one.field) << answer.error().message;
    EXPECT_NE(answer.error().message.find(one.part), std::string::npos) << answer.error().message << " lacks " << one.part;
    EXPECT_LT(answer.error().message.size(), 1'000U);
  }
}

ServiceTarget interface(std::string name) { return {.interface = std::move(name), .method = "m"}; }
ServiceTarget method(std::string name) { return {.interface = "a.B", .method = std::move(name)}; }
ServiceTarget params(std::string json, std::vector<std::string> types = {}) {
  return {.interface = "a.B", .method = "m", .param_types = std::move(types), .params = {.data = std::move(json)}};
}
ServiceTarget payload(Encoding encoding, std::string data) {
  return {.interface = "a.B", .method = "m", .params = {.encoding = encoding, .data = std::move(data)}};
}

TEST(CheckTarget, InterfaceAndMethodNames) {
  expect_taken({interface("a"), interface("com.example.Outer$Inner_1"), interface(std::string(255, 'a')), method("$"), method("_m$1"),
                method("$invoker"), method(std::string(255, 'm'))});
  std::vector<Refused> cases = {
      {interface(""), "target.service.interface", R"(target.service.interface is "": expected 1 to 255 bytes)"},
      {interface(std::string(256, 'a')), "target.service.interface", "at most 255 bytes, not 256"},
      {interface(".a"), "target.service.interface", "no empty part between dots"},
      {interface("a."), "target.service.interface", "no empty part between dots"},
      {interface("a..b"), "target.service.interface", "no empty part between dots"},
      {interface("."), "target.service.interface", "no empty part between dots"},
      {method(""), "target.service.method", "1 to 255"},
      {method(std::string(256, 'm')), "target.service.method", "at most 255"},
      {method("$invoke"), "target.service.method", R"(target.service.method is "$invoke": expected a method of the service)"},
      {method("$invokeAsync"), "target.service.method", "generic calls are not run"},
      {method("$echo"), "target.service.method", "generic calls are not run"},
      {method("a.b"), "target.service.method", "only letters, digits and _$"},
  };
  for (const std::string_view bad : {"a-b", "a b", "a:b", "a/b", "a\nb", "a#b", "é", "a\xff", "a,b", "a*"}) {
    cases.push_back({interface(std::string(bad)), "target.service.interface", "only letters, digits and _.$"});
    cases.push_back({method(std::string(bad)), "target.service.method", "only letters, digits and _$"});
  }
  cases.push_back({interface(std::string("a\0b", 3)), "target.service.interface", R"("a\x00b")"});
  expect_refused(cases);
}

TEST(CheckTarget, VersionGroupAndParamTypes) {
  const auto versioned = [](std::string version, std::string group) {
    return ServiceTarget{.interface = "a.B", .method = "m", .version = std::move(version), .group = std::move(group)};
  };
  expect_taken({versioned("1.0.0-SNAPSHOT_2", "blue-1"), versioned(std::string(255, '1'), std::string(255, 'g')),
                params("[1,2,3]", {"int", "java.util.List[]", "[Ljava.lang.String;"})});
  expect_refused({
      {versioned("1:0", ""), "target.service.version", "only letters, digits and _.-"},
      {versioned("*", ""), "target.service.version", "only letters, digits and _.-"},
      {versioned(std::string(256, '1'), ""), "target.service.version", "at most 255"},
      {versioned("", "a,b"), "target.service.group", "only letters, digits and _.-"},
      {versioned("", std::string(256, 'g')), "target.service.group", "at most 255"},
      {params("[1,2]", {"int", "java.util.List<String>"}), "target.service.paramTypes[1]", R"(is "java.util.List<String>")"},
      {params("[1]", {""}), "target.service.paramTypes[0]", "1 to 255"},
      {params("[1]", {std::string(256, 'a')}), "target.service.paramTypes[0]", "at most 255"},
      {params("", std::vector<std::string>(256, "int")), "target.service.paramTypes", "256 long: expected at most 255 types"},
  });
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
}

TEST(CheckTarget, ParamsAreOneJsonArrayKeptAsItIs) {
  const std::string digits = R"( [9007199254740993, 0.10, 1e400, -0, 123456789012345678901234567890, "é\u00e9", {"a": [null, true]}] )";
  const auto answer = checked(params(digits));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(std::get<ServiceTarget>(answer->target).params.data, digits);
  expect_taken({params(""), params("[]"), params(nested(limits::kJsonDepthMax)), params(R"(["\ud83d\ude00"])")});
  std::vector<Refused> cases = {
      {params("{}"), "target.service.params", R"(is "{}": expected a JSON array)"},
      {params("1"), "target.service.params", "a JSON array"},
      {params(" null "), "target.service.params", "a JSON array"},
      {params("\"[]\""), "target.service.params", "a JSON array"},
      {params(nested(limits::kJsonDepthMax + 1)), "target.service.params", "expected at most 64 levels"},
      {params("[" + std::string(100'000, '[')), "target.service.params", "expected at most 64 levels"},
  };
  for (const std::string_view bad : {" ",
                                     "[",
                                     "]",
                                     "[1",
                                     "[1,]",
                                     "[,1]",
                                     "[1 2]",
                                     "[1][2]",
                                     "[1] x",
                                     "[01]",
                                     "[1.]",
                                     "[.5]",
                                     "[+1]",
                                     "[NaN]",
                                     "[Infinity]",
                                     "['a']",
                                     "[tru]",
                                     "[\"a]",
                                     "[\"\\x\"]",
                                     "[\"\n\"]",
                                     "[\"\xff\"]",
                                     "[\"\xed\xa0\x80\"]",
                                     "[\"\\ud800\"]",
                                     "[\"\\u12\"]",
                                     "[{\"a\"}]",
                                     "[{a:1}]",
                                     "[{\"a\":1,}]",
                                     "[/*c*/1]",
                                     "[1]//c",
                                     "\xef\xbb\xbf[1]"}) {
    cases.push_back({params(std::string(bad)), "target.service.params", "expected one JSON value"});
  }
  cases.push_back({params(std::string("[1]\0", 4)), "target.service.params", "expected one JSON value"});
  expect_refused(cases);
}

TEST(CheckTarget, ParamsAreAtMostOneMebibyteInEveryEncoding) {
  const std::size_t most = limits::kPayloadBytesMax;
  expect_taken({params("[\"" + std::string(most - 4, 'x') + "\"]"), payload(Encoding::Hessian2, std::string(most, '\xff')),
                payload(Encoding::Bytes, std::string(most, '\0'))});
  for (const Encoding encoding : {Encoding::Json, Encoding::Hessian2, Encoding::Bytes}) {
    expect_refused({{payload(encoding, std::string(most + 1, ' ')), "target.service.params",
                     "is 1052673 bytes long: expected at most 1052672 bytes"}});
  }
  expect_refused({{payload(static_cast<Encoding>(0), "[]"), "target.service.params", "encoded as 0"},
                  {payload(static_cast<Encoding>(4), "[]"), "target.service.params", "encoded as 4"}});
}

TEST(CheckTarget, ParamsAreAsManyAsTheirTypes) {
  std::string most = "[0";
  for (int i = 1; i < 255; ++i) most += ",0";
  expect_taken({params("[1,[2,3]]", {"int", "int[]"}), params("[1,2]"), params(most + "]")});
  expect_refused({
      {params("[1]", {"int", "int"}), "target.service.params",
       "target.service.params is 1 elements long: expected 2, as many as paramTypes"},
      {params("[[1,2],{\"a\":[1,2,3]},3]", {"int", "int"}), "target.service.params", "3 elements long"},
      {params("", {"int"}), "target.service.params", "0 elements long: expected 1"},
      {params("[]", {"int"}), "target.service.params", "0 elements long: expected 1"},
      {params(most + ",0]"), "target.service.params", "256 elements long: expected at most 255 parameters"},
  });
}

HttpTarget http(std::string method, std::string url) { return {.method = std::move(method), .url = std::move(url)}; }
HttpTarget header(std::string name, std::string value) {
  return {.method = "GET", .url = "http://a/", .headers = {{std::move(name), std::move(value)}}};
}
HttpTarget body(Encoding encoding, std::string data) {
  return {.method = "POST", .url = "http://a/", .body = {.encoding = encoding, .data = std::move(data)}};
}

TEST(CheckTarget, HttpMethodAndUrl) {
  for (const std::string_view name : {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}) expect_taken({http(std::string(name), "http://a")});
  expect_taken({http("GET", "https://example.com:8443/a/b?c=d&e=%20#f"), http("GET", "http://[::1]:80/"), http("GET", "HTTP://127.0.0.1"),
                http("GET", "http://a/" + std::string(limits::kUrlBytesMax - 9, 'x'))});
  std::vector<Refused> cases = {
      {http("", "http://a"), "target.http.method", "GET, POST, PUT, PATCH, DELETE or HEAD"},
      {http("get", "http://a"), "target.http.method", R"(target.http.method is "get")"},
      {http("TRACE", "http://a"), "target.http.method", "GET, POST"},
      {http("GET\r\nX: y", "http://a"), "target.http.method", R"("GET\r\nX: y")"},
      {http("GET", ""), "target.http.url", "1 to 8192 bytes"},
      {http("GET", "http://a/" + std::string(limits::kUrlBytesMax - 8, 'x')), "target.http.url", "at most 8192 bytes, not 8193"},
      {http("GET", "http://a/\r\nX"), "target.http.url", "no control characters"},
      {http("GET", "http://a:65536/"), "target.http.url", "a port of 1 to 65535"},
      {http("GET", "http://a:0/"), "target.http.url", "a port of 1 to 65535"},
      {http("GET", "http://user:secret@a/"), "target.http.url", "no user or password"},
  };
  for (const std::string_view bad :
       {"a", "/a", "//a/b", "ftp://a", "file:///etc/passwd", "javascript:alert(1)", "http:", "http:a", "http://", "http:///a",
        "http://:80/", "http://a b/", "http://a/ b", "http://a/%zz", "http://[::1", "http://é/"}) {
    cases.push_back({http("GET", std::string(bad)), "target.http.url", "an absolute URL"});
  }
  expect_refused(cases);
}

TEST(CheckTarget, HttpHeadersAreSortedAndCannotBreakOut) {
  const auto many = [](std::size_t count) {
    HttpTarget target = http("GET", "http://a/");
    for (std::size_t i = 0; i < count; ++i) target.headers.emplace_back("X-" + std::to_string(i), "v");
    return target;
  };
  expect_taken({many(limits::kTargetHeadersMax), header("X-A", ""), header("x!#$%&'*+-.^_`|~1", "a\tb; \"c\""), header("X", "é"),
                header("X", std::string(limits::kTargetHeaderBytesMax - 1, 'v'))});
  expect_refused({
      {many(limits::kTargetHeadersMax + 1), "target.http.headers", "65 long: expected at most 64 headers"},
      {header("X", std::string(limits::kTargetHeaderBytesMax, 'v')), "target.http.headers", "16385 bytes in all: expected at most 16384"},
      {header("", "v"), "target.http.headers", "a header name"},
      {header("X A", "v"), "target.http.headers", "a header name"},
      {header("X:", "v"), "target.http.headers", "a header name"},
      {header("X\r\nY", "v"), "target.http.headers", "a header name"},
      {header("X", "a\r\nY: b"), "target.http.headers.X", R"("a\r\nY: b": expected a header value without line ends or NUL)"},
      {header("X", "a\nb"), "target.http.headers.X", "without line ends"},
      {header("X", std::string("a\0b", 3)), "target.http.headers.X", "without line ends or NUL"},
      {header("X", "\xff"), "target.http.headers.X", "valid UTF-8"},
      {header("Content-Length", "1"), "target.http.headers", "the sender does not set itself"},
      {header("transfer-ENCODING", "chunked"), "target.http.headers", "the sender does not set itself"},
  });
  HttpTarget twice = many(2);
  twice.headers.emplace_back("x-0", "w");
  expect_refused({{twice, "target.http.headers", "each header once"}});
  HttpTarget unsorted = http("GET", "http://a/");
  unsorted.headers = {{"b", "1"}, {"A", "2"}};
  const auto answer = checked(unsorted);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(std::get<HttpTarget>(answer->target).headers.front().first, "A");
}

TEST(CheckTarget, HttpBody) {
  expect_taken({body(Encoding::Json, ""), body(Encoding::Json, "{\"a\":1}"), body(Encoding::Json, "1"), body(Encoding::Bytes, "\xff"),
                body(Encoding::Bytes, std::string(limits::kPayloadBytesMax, 'x'))});
  expect_refused({
      {body(Encoding::Json, "{"), "target.http.body", "expected one JSON value"},
      {body(Encoding::Hessian2, "x"), "target.http.body", "encoded as 2: expected json or bytes"},
      {body(Encoding::Bytes, std::string(limits::kPayloadBytesMax + 1, 'x')), "target.http.body", "1052673 bytes long"},
  });
}

CommandTarget command(std::vector<std::string> argv, std::vector<std::pair<std::string, std::string>> env = {}) {
  return {.argv = std::move(argv), .env = std::move(env)};
}

TEST(CheckTarget, Command) {
  std::vector<std::pair<std::string, std::string>> most;
  for (std::size_t i = 0; i < limits::kCommandVariablesMax; ++i) most.emplace_back("V" + std::to_string(i), "");
  auto more = most;
  more.emplace_back("W", "");
  expect_taken({command({"ls"}), command({"/bin/echo", "", "a\nb", "即"}),
                command(std::vector<std::string>(limits::kCommandArgumentsMax, "a")), command({"a"}, most),
                command({std::string(limits::kCommandBytesMax - 1, 'a')})});
  expect_refused({
      {command({}), "target.command.argv", "target.command.argv is empty: expected the command and its arguments"},
      {command({"", "a"}), "target.command.argv", "is empty"},
      {command(std::vector<std::string>(limits::kCommandArgumentsMax + 1, "a")), "target.command.argv", "1001 long: expected at most 1000"},
      {command({"a", std::string("b\0c", 3)}), "target.command.argv[1]", R"("b\x00c": expected no NUL)"},
      {command({"a", "\xff"}), "target.command.argv[1]", "valid UTF-8"},
      {command({std::string(limits::kCommandBytesMax, 'a')}), "target.command", "131073 bytes in all: expected at most 131072"},
      {command({"a"}, more), "target.command.env", "257 long: expected at most 256 variables"},
      {command({"a"}, {{"", "v"}}), "target.command.env", "a variable's name without ="},
      {command({"a"}, {{"A=B", "v"}}), "target.command.env", "a variable's name without ="},
      {command({"a"}, {{std::string("A\0", 2), "v"}}), "target.command.env", "no NUL"},
      {command({"a"}, {{"A", std::string("v\0", 2)}}), "target.command.env.A", "no NUL"},
      {command({"a"}, {{"A", "1"}, {"B", "2"}, {"A", "3"}}), "target.command.env", "each variable once"},
  });
}

TEST(ContentHash, DoesNotDependOnTheOrderOfNames) {
  const auto one = checked(command({"a"}, {{"A", "1"}, {"B", "2"}}));
  const auto other = checked(command({"a"}, {{"B", "2"}, {"A", "1"}}));
  ASSERT_TRUE(one.has_value() && other.has_value());
  EXPECT_EQ(content_hash(*one), content_hash(*other));
}

}  // namespace
}  // namespace meepo
