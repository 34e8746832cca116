#include "adapters/dubbo/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "protocol/dubbo/exception.h"
#include "protocol/dubbo/request.h"
#include "protocol/hessian2/encoder.h"
#include "protocol/hessian2/json.h"
#include "tests/support/played_context.h"

namespace meepo::adapters::dubbo {
namespace {

using hessian2::Document;
using testing::HasSubstr;

ServiceTarget target_of(std::vector<std::string> types, Payload params) {
  return {.interface = "com.x.Pay",
          .method = "settle",
          .version = "1.0",
          .group = "blue",
          .param_types = std::move(types),
          .params = std::move(params)};
}

/// The request as a provider reads it.
meepo::dubbo::Request read(const std::string& body) {
  meepo::dubbo::RequestDecoder decoder(body);
  return decoder.rest(decoder.head().value()).value();
}

TEST(DubboRequest, SaysWhichFiringItIs) {
  const test::PlayedContext context;
  const auto request = read(request_of(target_of({}, {}), "shop", context, milliseconds(1'500)).value());
  EXPECT_TRUE(request.generic);
  EXPECT_EQ(request.head.path, "com.x.Pay");
  EXPECT_EQ(request.head.service_version, "1.0");
  EXPECT_EQ(request.method, "settle");
  ASSERT_TRUE(request.types);
  EXPECT_TRUE(request.types->empty());
  const auto attachment = [&](std::string_view name) { return request.attachments.text(name); };
  EXPECT_EQ(attachment("group"), "blue");
  EXPECT_EQ(attachment("generic"), "true");
  EXPECT_EQ(attachment("timeout"), "1500");
  EXPECT_EQ(attachment("appId"), "shop");
  EXPECT_EQ(attachment("remote.application"), "meepo");
  EXPECT_EQ(attachment("meepo.firingId"), context.id().text());
  EXPECT_EQ(attachment("meepo.tick"), context.id().tick.text());
  EXPECT_EQ(attachment("meepo.attempt"), "2");
  EXPECT_EQ(attachment("meepo.deadline"), std::to_string(to_unix_ms(context.deadline())));
  EXPECT_EQ(attachment("meepo.traceId").size(), 32U);
  const auto again = read(request_of(target_of({}, {}), "", context, milliseconds(-5)).value());
  EXPECT_EQ(again.attachments.text("meepo.traceId"), attachment("meepo.traceId"));
  EXPECT_EQ(again.attachments.text("timeout"), "1");
  EXPECT_TRUE(again.attachments.find("appId").is_null());
}

TEST(DubboRequest, ArgumentsAreWhatTheTaskHas) {
  const test::PlayedContext context;
  const auto arguments = [&](const ServiceTarget& target) {
    const auto request = read(request_of(target, "", context, milliseconds(1)).value());
    std::string text = request.types ? "" : "untyped ";
    for (const auto& argument : request.arguments) text += hessian2::to_json(argument) + " ";
    return std::pair(text, request.arguments.empty() ? hessian2::Kind::Null : request.arguments[0].kind());
  };
  EXPECT_EQ(arguments(target_of({"long", "java.util.List"}, {.encoding = Encoding::Json, .data = R"([5, ["a"]])"})),
            (std::pair<std::string, hessian2::Kind>{R"(5 ["a"] )", hessian2::Kind::Long}));
  EXPECT_EQ(arguments(target_of({}, {.encoding = Encoding::Json, .data = R"([5])"})),
            (std::pair<std::string, hessian2::Kind>{"untyped 5 ", hessian2::Kind::Int}));
  Document document;
  const auto twice = document.list("java.util.ArrayList", {Document::long_integer(5)});
  const auto stream = hessian2::encode(document.list("[object", {twice, twice})).value();
  const auto request = read(request_of(target_of({"java.util.List", "java.lang.Object"}, {.encoding = Encoding::Hessian2, .data = stream}),
                                       "", context, milliseconds(1))
                                .value());
  ASSERT_EQ(request.arguments.size(), 2U);
  EXPECT_EQ(request.arguments[0].identity(), request.arguments[1].identity()) << "one object in two places stays one";
  EXPECT_EQ(request.arguments[0].type(), "java.util.ArrayList");
  EXPECT_FALSE(request.generic) << "the provider must not change what is of its Java type";
  EXPECT_EQ(request.head.descriptor, "Ljava/util/List;Ljava/lang/Object;");
  EXPECT_TRUE(request.attachments.find("generic").is_null());
  EXPECT_EQ(request.attachments.text("group"), "blue");
}

TEST(DubboRequest, RefusesArgumentsThatAreNone) {
  const test::PlayedContext context;
  for (const auto& [params, says] : {std::pair(Payload{.encoding = Encoding::Bytes, .data = "x"}, "bytes"),
                                     std::pair(Payload{.encoding = Encoding::Json, .data = R"(["x"])"}, "params[0]"),
                                     std::pair(Payload{.encoding = Encoding::Hessian2, .data = "\x91"}, "expected one list"),
                                     std::pair(Payload{.encoding = Encoding::Hessian2, .data = "\x05"}, "Hessian stream")}) {
    const auto request = request_of(target_of({"int"}, params), "", context, milliseconds(1));
    ASSERT_FALSE(request) << says;
    EXPECT_THAT(request.error().message, HasSubstr(says));
  }
}

TEST(DubboResult, IsTheValueOrWhatWasThrown) {
  Document document;
  const auto of = [](hessian2::Value value, bool thrown = false) {
    return result_of(meepo::dubbo::Response{.thrown = thrown, .value = value, .attachments = {}, .document = nullptr});
  };
  EXPECT_EQ(of(Document::integer(5)).result, (Payload{.encoding = Encoding::Hessian2, .data = "\x95"}));
  const auto nothing = of({});
  EXPECT_EQ(nothing.outcome, Outcome::Success);
  EXPECT_FALSE(nothing.result);
  const auto large = of(document.string(std::string(limits::kPayloadBytesMax, 'x')));
  EXPECT_EQ(large.outcome, Outcome::Fail);
  EXPECT_THAT(large.error, HasSubstr("at most 1052672 are kept"));
  const auto thrown = of(meepo::dubbo::throwable("com.x.NoMoney", "not enough", document), true);
  EXPECT_EQ(thrown.outcome, Outcome::Fail);
  EXPECT_THAT(thrown.error, HasSubstr("com.x.NoMoney: not enough"));
  EXPECT_EQ(of(document.map("", {}), true).outcome, Outcome::Fail);
  const auto thrown_by = [&](std::string_view name, hessian2::Value cause) {
    return document.object(name, {{"detailMessage", document.string("m")}, {"cause", cause}});
  };
  const auto root = thrown_by("a.Root", {});
  Document::replace(root, 1, root);
  EXPECT_THAT(of(thrown_by("a.Top", thrown_by("a.Middle", root)), true).error,
              testing::HasSubstr("a.Top: m\ncaused by a.Middle: m\ncaused by a.Root: m"));
  const auto endless = thrown_by("a.One", thrown_by("a.Two", {}));
  Document::replace(endless.field("cause"), 1, endless);
  EXPECT_LT(of(endless, true).error.size(), 200U);
}

TEST(DubboResult, OfAFailureSaysWhereAndWhetherItRan) {
  const auto text = [](bool sent, std::optional<std::uint8_t> status) {
    return result_of(
               meepo::dubbo::CallFailure{
                   .error = {.code = Code::Unknown, .message = "why", .field = {}, .cause = {}}, .sent = sent, .status = status},
               "10.0.0.7:20880", target_of({"int", "long"}, {}))
        .error;
  };
  EXPECT_EQ(text(true, 100), "10.0.0.7:20880 answered SERVER_THREADPOOL_EXHAUSTED (nothing ran) to com.x.Pay#settle(int, long): why");
  EXPECT_EQ(text(true, 50), "10.0.0.7:20880 answered BAD_RESPONSE (the call did run) to com.x.Pay#settle(int, long): why");
  EXPECT_EQ(text(true, 99), "10.0.0.7:20880 answered 99 to com.x.Pay#settle(int, long): why");
  EXPECT_EQ(text(true, std::nullopt), "com.x.Pay#settle(int, long) at 10.0.0.7:20880: why; it may have run");
  EXPECT_EQ(text(false, std::nullopt), "com.x.Pay#settle(int, long) at 10.0.0.7:20880: why");
}

}  // namespace
}  // namespace meepo::adapters::dubbo
