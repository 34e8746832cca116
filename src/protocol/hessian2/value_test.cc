#include "protocol/hessian2/value.h"

#include <gtest/gtest.h>

#include "protocol/hessian2/test_support.h"

namespace meepo::hessian2 {
namespace {

TEST(Hessian2Value, Default_IsNull) {
  EXPECT_TRUE(Value().is_null());
  EXPECT_TRUE(Value().field("any").is_null());
  EXPECT_FALSE(Value().is_container());
}

TEST(Hessian2Value, IntAndLong_OfOneNumberStayApart) {
  EXPECT_EQ(describe(Document::integer(5)), "int 5");
  EXPECT_EQ(describe(Document::long_integer(5)), "long 5");
}

TEST(Hessian2Value, Text_IsCopiedIntoTheDocument) {
  Document document;
  std::string text = "abc";
  const auto value = document.string(text);
  const auto object = document.object(text, {{text, document.bytes(text)}});
  text = "xyz";
  EXPECT_EQ(value.text(), "abc");
  EXPECT_EQ(describe(object), "#0 object \"abc\" (abc: bytes 616263, )");
}

TEST(Hessian2Value, Field_FindsTheLastOfOneName) {
  Document document;
  // A field that a subclass declares again follows that of its base class.
  const auto object = document.object("a.B", {{"x", Document::integer(1)}, {"y", Value()}, {"x", Document::integer(2)}});
  EXPECT_EQ(object.field("x").number(), 2);
  EXPECT_TRUE(object.field("y").is_null());
  EXPECT_TRUE(object.field("z").is_null());
  const auto map = document.map("", {{Document::integer(7), Document::boolean(true)},
                                     {document.string("x"), Document::integer(1)},
                                     {document.string("x"), Document::integer(2)}});
  EXPECT_EQ(map.field("x").number(), 2);
  EXPECT_TRUE(map.field("7").is_null());
}

TEST(Hessian2Value, Identity_IsSharedByCopiesOnly) {
  Document document;
  const auto list = document.list("", {Document::integer(1)});
  const auto copy = list;
  EXPECT_EQ(copy.identity(), list.identity());
  EXPECT_NE(document.list("", {Document::integer(1)}).identity(), list.identity());
  EXPECT_EQ(describe(document.list("", {list, copy, document.list("", {})})),
            "#0 list \"\" (#1 list \"\" (int 1, ), ref 1, #2 list \"\" (), )");
}

TEST(Hessian2Value, Replace_MakesCycles) {
  Document document;
  const auto list = document.list("", {Value(), Value()});
  Document::replace(list, 1, list);
  EXPECT_EQ(describe(list), "#0 list \"\" (null, ref 0, )");
  const auto object = document.object("a.Node", {{"next", Value()}});
  Document::replace(object, 0, object);
  EXPECT_EQ(describe(object), "#0 object \"a.Node\" (next: ref 0, )");
  const auto map = document.map("java.util.TreeMap", {{document.string("me"), Value()}});
  Document::replace(map, 0, map);
  EXPECT_EQ(describe(map), "#0 map \"java.util.TreeMap\" (string 6d65 = ref 0, )");
}

TEST(Hessian2Value, Definitions_AreEqualByNameAndFields) {
  Document document;
  Document other;
  const auto object = document.object("a.B", {{"x", Value()}, {"y", Value()}});
  EXPECT_EQ(object.definition(), other.object("a.B", {{"x", Value()}, {"y", Value()}}).definition());
  EXPECT_NE(object.definition(), other.object("a.B", {{"y", Value()}, {"x", Value()}}).definition());
  EXPECT_NE(object.definition(), other.object("a.C", {{"x", Value()}, {"y", Value()}}).definition());
}

}  // namespace
}  // namespace meepo::hessian2
