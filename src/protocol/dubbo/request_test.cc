#include "protocol/dubbo/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "protocol/dubbo/descriptor.h"
#include "protocol/dubbo/frame.h"
#include "protocol/dubbo/generic_call.h"

namespace meepo::dubbo {
namespace {

using hessian2::Value;
using testing::ElementsAre;
using testing::HasSubstr;

Result<Request> decode(std::string_view body) {
  RequestDecoder decoder(body);
  auto head = decoder.head();
  if (!head) return fail(head.error());
  return decoder.rest(*std::move(head));
}

TEST(Request, IsWrittenAsTheJavaConsumersDo) {
  hessian2::Document document;
  const RequestHead head{.path = "demo.Echo", .method = "say", .descriptor = "Ljava/lang/String;I"};
  const Attachments attachments{{{"path", document.string("demo.Echo")}}};
  const auto body = encode_request(head, {document.string("x"), document.integer(-70'000)}, attachments);
  EXPECT_EQ(to_hex(*body), "05" + to_hex("2.0.2") + "09" + to_hex("demo.Echo") + "05" + to_hex("0.0.0") + "03" + to_hex("say") + "13" +
                               to_hex("Ljava/lang/String;I") + "0178" + "d2ee90" + "48" + "04" + to_hex("path") + "09" +
                               to_hex("demo.Echo") + "5a");
}

TEST(Request, ArgumentsAndTypesMustBeAsMany) {
  EXPECT_EQ(encode_request({.descriptor = "II"}, {Value()}, {}).error().code, Code::InvalidArgument);
  EXPECT_EQ(encode_request({.descriptor = "nonsense"}, {Value()}, {}).error().code, Code::InvalidArgument);
}

TEST(Request, OneOverTheLimitOfABodyIsNotWritten) {
  hessian2::Document document;
  const auto written = encode_request({.descriptor = "Ljava/lang/String;"}, {document.string(std::string(kBodyBytesMax, 'x'))}, {});
  EXPECT_EQ(written.error().code, Code::Exhausted);
}

TEST(Request, NullTextsOfTheHeadAreEmpty) {
  RequestDecoder decoder("NNNNN");
  const auto head = decoder.head();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->dubbo_version, "");
  EXPECT_EQ(head->service_version, kNoVersion);
}

TEST(Request, WhatIsNoTextInTheHeadIsRefusedWithItsPlace) {
  const struct {
    std::string_view hex;
    std::string_view says;
  } kCases[] = {{"", "read the protocol version"}, {"90", "read the protocol version of a request: expected a string"},
                {"0090", "read the path"},         {"000090", "read the service version"},
                {"00000090", "read the method"},   {"0000000079", "read the parameter types"}};
  for (const auto& [hex, says] : kCases) {
    const auto octets = from_hex(hex).value();
    RequestDecoder decoder(octets);
    const auto head = decoder.head();
    ASSERT_FALSE(head) << hex;
    EXPECT_EQ(head.error().code, Code::Corruption);
    EXPECT_THAT(head.error().message, HasSubstr(says));
  }
}

TEST(Request, AttachmentsMayBeOfAnyKindButMustBeThere) {
  const std::string head = std::string(
      "\x05"
      "2.0.2\x01p\x00\x01m\x00",
      12);
  const struct {
    std::string_view attachments;
    std::string text;
  } kCases[] = {{"N", ""},
                {"HZ", ""},
                {"H\x01"
                 "a\x01xZ",
                 "x"},
                {"H\x01"
                 "a\x95Z",
                 "5"},
                {"H\x01"
                 "a\x01x\x01"
                 "a\x01yZ",
                 "y"},
                {"M\x01t\x01"
                 "a\x01xZ",
                 "x"},
                {"H\x01"
                 "aTZ",
                 ""}};
  for (const auto& [attachments, text] : kCases) {
    const auto request = decode(head + std::string(attachments));
    ASSERT_TRUE(request) << attachments << request.error().message;
    EXPECT_EQ(request->attachments.text("a"), text) << attachments;
  }
  for (const std::string_view wrong : {"", "\x90", "H\x90\x01xZ",
                                       "H\x01"
                                       "a",
                                       "\x78"})
    EXPECT_FALSE(decode(head + std::string(wrong))) << wrong;
  std::string many = head + "H";
  for (std::size_t i = 0; i < kAttachmentsMax; ++i)
    many +=
        "\x01"
        "aN";
  EXPECT_TRUE(decode(many + "Z"));
  EXPECT_EQ(decode(many + "\x01"
                          "aNZ")
                .error()
                .code,
            Code::Corruption);
}

TEST(Request, OnlyVersionsFrom202To2099TakeAttachments) {
  for (const std::string_view version : {"2.0.2", "2.0.10", "2.0.99"}) EXPECT_TRUE(takes_attachments(version)) << version;
  for (const std::string_view version : {"", "2.0.0", "2.0.1", "2.0.100", "2.0.", "2.0.2x", "2.0.-3", "2.6.2", "2.7.23", "3.3.6", "2.0"}) {
    EXPECT_FALSE(takes_attachments(version)) << version;
  }
}

TEST(Request, AGenericCallIsUnwrapped) {
  hessian2::Document document;
  const auto body = encode_generic_call({.interface = "demo.Echo",
                                         .version = "1.0.0",
                                         .group = "g1",
                                         .method = "say",
                                         .types = {{"java.lang.String", "int[]"}},
                                         .arguments = {document.string("x"), Value()},
                                         .timeout = milliseconds(1'500),
                                         .attachments = {{"appId", "a"}, {"generic", "bean"}}});
  ASSERT_TRUE(body);
  const auto request = decode(*body);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_TRUE(request->generic);
  EXPECT_EQ(request->head.method, "$invoke");
  EXPECT_EQ(request->head.path, "demo.Echo");
  EXPECT_EQ(request->head.service_version, "1.0.0");
  EXPECT_EQ(request->method, "say");
  EXPECT_THAT(*request->types, ElementsAre("java.lang.String", "[I"));
  ASSERT_EQ(request->arguments.size(), 2U);
  EXPECT_EQ(request->arguments[0].text(), "x");
  for (const auto& [name, value] :
       {std::pair("group", "g1"), {"timeout", "1500"}, {"generic", "true"}, {"appId", "a"}, {"interface", "demo.Echo"}}) {
    EXPECT_EQ(request->attachments.text(name), value);
  }
}

TEST(Request, APlainCallIsTheMethodItself) {
  hessian2::Document document;
  const GenericCall call{.interface = "demo.Echo",
                         .version = {},
                         .group = "g1",
                         .method = "say",
                         .types = {{"java.lang.String", "int[]"}},
                         .arguments = {document.string("x"), Value()}};
  const auto request = decode(encode_plain_call(call).value()).value();
  EXPECT_FALSE(request.generic);
  EXPECT_EQ(request.head.method, "say");
  EXPECT_EQ(request.head.descriptor, "Ljava/lang/String;[I");
  EXPECT_EQ(request.head.service_version, kNoVersion);
  EXPECT_EQ(request.attachments.text("group"), "g1");
  EXPECT_TRUE(request.attachments.find("generic").is_null());
  EXPECT_EQ(encode_plain_call({.interface = "a.B", .method = "m"}).error().code, Code::InvalidArgument) << "no types";
  EXPECT_EQ(encode_plain_call({.interface = "a.B", .method = "m", .types = {{"int"}}}).error().code, Code::InvalidArgument);
}

TEST(Request, AGenericCallMayLeaveItsTypesOut) {
  hessian2::Document document;
  const auto body = encode_generic_call({.interface = "demo.Echo", .method = "say", .arguments = {document.string("x")}});
  const auto request = decode(*body);
  ASSERT_TRUE(request);
  EXPECT_FALSE(request->types);
  EXPECT_EQ(request->arguments.size(), 1U);
  EXPECT_EQ(request->head.service_version, kNoVersion);
  EXPECT_EQ(request->attachments.text("group"), "");
}

TEST(Request, AGenericCallThatDoesNotFitIsNotWritten) {
  EXPECT_EQ(encode_generic_call({.method = "say"}).error().code, Code::InvalidArgument);
  EXPECT_EQ(encode_generic_call({.interface = "a.B"}).error().code, Code::InvalidArgument);
  EXPECT_EQ(encode_generic_call({.interface = "a.B", .method = "m", .types = {{"int"}}}).error().code, Code::InvalidArgument);
  EXPECT_THAT(encode_generic_call({.interface = "a.B", .method = "m", .types = {{"a/b"}}, .arguments = {Value()}}).error().message,
              HasSubstr("\"a/b\""));
}

/// The answer to a generic call with these three arguments and this mode.
Result<Request> generic(const std::vector<Value>& arguments, std::string_view mode, hessian2::Document& document) {
  const Attachments attachments{{{"generic", document.string(mode)}}};
  return decode(
      encode_request({.path = "p", .method = "$invokeAsync", .descriptor = std::string(kInvokeDescriptor)}, arguments, attachments)
          .value());
}

TEST(Request, AGenericCallOfAnotherModeOrShapeIsRefused) {
  hessian2::Document document;
  const auto method = document.string("say");
  const auto types = document.list("[string", {document.string("int")});
  const auto arguments = document.list("[object", {document.integer(1)});
  EXPECT_TRUE(generic({method, types, arguments}, "true", document));
  EXPECT_TRUE(generic({method, Value(), Value()}, "true", document));
  for (const std::string_view mode : {"nativejava", "bean", "raw.return", "gson", "protobuf-json", "false", "TRUE", ""}) {
    const auto request = generic({method, types, arguments}, mode, document);
    ASSERT_FALSE(request) << mode;
    EXPECT_EQ(request.error().code, Code::InvalidArgument);
    EXPECT_THAT(request.error().message, HasSubstr(mode));
  }
  const std::vector<std::vector<Value>> kWrong = {
      {Value(), types, arguments},
      {method, method, arguments},
      {method, types, method},
      {method, types, document.list("", {})},
      {method, document.list("", {document.integer(1)}), arguments},
      {method, document.list("", {document.string("a/b")}), arguments},
      {method, document.list("", std::vector<Value>(kParametersMax + 1, document.string("int"))), arguments},
      {method, Value(), document.list("", std::vector<Value>(kParametersMax + 1))}};
  for (const auto& wrong : kWrong) {
    const auto request = generic(wrong, "true", document);
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().code, Code::InvalidArgument) << request.error().message;
  }
}

TEST(Request, TheModeOfAGenericCallMustBeAText) {
  hessian2::Document document;
  const Attachments attachments{{{"generic", document.list("", {})}}};
  const auto body = encode_request({.method = "$invoke", .descriptor = std::string(kInvokeDescriptor)},
                                   {document.string("m"), Value(), Value()}, attachments);
  EXPECT_EQ(decode(*body).error().code, Code::InvalidArgument);
}

RC_GTEST_PROP(RequestProperty, WhatIsWrittenIsReadBack, ()) {
  const auto text = [] { return *rc::gen::container<std::string>(rc::gen::inRange('!', '~')); };
  hessian2::Document document;
  RequestHead head{.dubbo_version = text(), .path = text(), .service_version = text() + "1", .method = text()};
  std::vector<Value> arguments;
  for (int count = *rc::gen::inRange(0, 5); count > 0; --count) {
    head.descriptor += "I";
    arguments.push_back(document.integer(*rc::gen::arbitrary<std::int32_t>()));
  }
  const auto name = text();
  const auto value = text();
  const auto body = encode_request(head, arguments, {{{name, document.string(value)}}});
  RC_ASSERT(body.has_value());
  const auto request = decode(*body);
  RC_ASSERT(request.has_value());
  RC_ASSERT(request->head.dubbo_version == head.dubbo_version && request->head.path == head.path);
  RC_ASSERT(request->head.service_version == head.service_version && request->head.method == head.method);
  RC_ASSERT(request->arguments.size() == arguments.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) RC_ASSERT(request->arguments[i].number() == arguments[i].number());
  RC_ASSERT(request->attachments.text(name) == value);
}

}  // namespace
}  // namespace meepo::dubbo
