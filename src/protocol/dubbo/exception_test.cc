#include "protocol/dubbo/exception.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/text.h"

namespace meepo::dubbo {
namespace {

using hessian2::Document;
using hessian2::Value;
using testing::ElementsAre;
using testing::IsEmpty;

Value element(Document& document, std::string_view method, Value file, std::int32_t line) {
  return document.object("java.lang.StackTraceElement", {{"lineNumber", document.integer(line)},
                                                         {"fileName", file},
                                                         {"methodName", document.string(method)},
                                                         {"declaringClass", document.string("demo.Impl")}});
}

TEST(Exception, ClassMessageAndTheTopOfTheStackAreRead) {
  Document document;
  const auto stack = document.list("[java.lang.StackTraceElement", {element(document, "run", document.string("Impl.java"), 7),
                                                                    element(document, "call", Value(), -2), Value()});
  const auto exception =
      exception_of(document.object("a.E", {{"detailMessage", document.string("no\xed\xa0\xbd\xed\xb8\x80")}, {"stackTrace", stack}}));
  ASSERT_TRUE(exception);
  EXPECT_EQ(exception->class_name, "a.E");
  EXPECT_EQ(exception->message, "no\xf0\x9f\x98\x80");
  EXPECT_THAT(exception->stack, ElementsAre("demo.Impl.run(Impl.java:7)", "demo.Impl.call(?)", "?.?(?)"));
}

TEST(Exception, FieldsMayBeMissingNullOrOfAnotherKind) {
  Document document;
  const std::vector<std::vector<hessian2::Field>> kFields = {{},
                                                             {{"detailMessage", Value()}, {"stackTrace", Value()}},
                                                             {{"detailMessage", document.integer(1)}, {"stackTrace", document.integer(1)}}};
  for (const auto& fields : kFields) {
    const auto exception = exception_of(document.object("a.E", fields));
    ASSERT_TRUE(exception);
    EXPECT_EQ(exception->message, std::nullopt);
    EXPECT_THAT(exception->stack, IsEmpty());
  }
}

TEST(Exception, AMapOfANamedClassIsOneToo) {
  Document document;
  const auto exception = exception_of(document.map("a.E", {{document.string("detailMessage"), document.string("m")}}));
  ASSERT_TRUE(exception);
  EXPECT_EQ(exception->message, "m");
}

TEST(Exception, WhatHasNoClassIsNone) {
  Document document;
  for (const auto value : {Value(), document.string("a.E"), document.list("a.E", {}), document.map("", {}), document.integer(1)}) {
    ASSERT_FALSE(exception_of(value));
    EXPECT_EQ(exception_of(value).error().code, Code::Corruption);
  }
}

TEST(Exception, AGenericExceptionStandsForTheTrueOne) {
  Document document;
  for (const std::string_view name : {"com.alibaba.dubbo.rpc.service.GenericException", "org.apache.dubbo.rpc.service.GenericException"}) {
    const auto text = document.string(
        "\n\nDubbo: \r\na.b.C: gm\r\n\tat demo.Impl.run(Impl.java:7)\r\n\tat demo.Run.main(Run.java:1)\nCaused by: a.D\n\tat other()");
    const auto own = document.list("", {element(document, "filter", document.string("GenericFilter.java"), 9)});
    const auto exception = exception_of(document.object(name, {{"exceptionClass", document.string("a.b.C")},
                                                               {"exceptionMessage", document.string("gm")},
                                                               {"detailMessage", text},
                                                               {"stackTrace", own}}));
    ASSERT_TRUE(exception);
    EXPECT_EQ(exception->class_name, "a.b.C");
    EXPECT_EQ(exception->message, "gm");
    EXPECT_THAT(exception->stack, ElementsAre("demo.Impl.run(Impl.java:7)", "demo.Run.main(Run.java:1)"));
    const auto bare = exception_of(document.object(name, {{"detailMessage", document.string("m")}}));
    EXPECT_EQ(bare->class_name, name) << "nothing to stand for";
  }
}

TEST(Exception, WhatIsWrittenIsReadBack) {
  Document document;
  for (const auto value :
       {throwable("a.E", "why 中 \xf0\x9f\x98\x80", document), generic_exception("a.E", "why 中 \xf0\x9f\x98\x80", document)}) {
    const auto exception = exception_of(value);
    ASSERT_TRUE(exception);
    EXPECT_EQ(exception->class_name, "a.E");
    EXPECT_EQ(exception->message, "why 中 \xf0\x9f\x98\x80");
  }
}

TEST(Exception, OneOverALimitIsCut) {
  Document document;
  const auto line = element(document, std::string(kStackLineBytesKept + 1, 'm'), Value(), 1);
  const auto exception = exception_of(document.object(std::string(kClassNameBytesKept + 1, 'c'),
                                                      {{"detailMessage", document.string(std::string(kMessageBytesKept + 1, 'x'))},
                                                       {"stackTrace", document.list("", std::vector<Value>(kStackLinesKept + 1, line))}}));
  ASSERT_TRUE(exception);
  EXPECT_EQ(exception->class_name.size(), kClassNameBytesKept);
  EXPECT_EQ(exception->message->size(), kMessageBytesKept);
  EXPECT_EQ(exception->stack.size(), kStackLinesKept);
  EXPECT_LE(exception->stack[0].size(), kStackLineBytesKept);
  EXPECT_TRUE(is_utf8(exception->stack[0]));
  const auto text = throwable("a.E", std::string(kMessageBytesKept + 1, 'x'), document);
  EXPECT_EQ(text.field("detailMessage").text().size(), kMessageBytesKept);
}

}  // namespace
}  // namespace meepo::dubbo
