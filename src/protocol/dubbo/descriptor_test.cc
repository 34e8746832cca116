#include "protocol/dubbo/descriptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace meepo::dubbo {
namespace {

using testing::HasSubstr;

const struct {
  std::string_view descriptor;
  std::vector<std::string> names;
} kBothWays[] = {
    {"", {}},
    {"ZBCSIJFD", {"boolean", "byte", "char", "short", "int", "long", "float", "double"}},
    {"ILjava/lang/String;[B", {"int", "java.lang.String", "[B"}},
    {"[Ldemo/api/Person;", {"[Ldemo.api.Person;"}},
    {"[[I[[Ljava/util/Map$Entry;", {"[[I", "[[Ljava.util.Map$Entry;"}},
    {"LNoPackage;", {"NoPackage"}},
    {"Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;", {"java.lang.String", "[Ljava.lang.String;", "[Ljava.lang.Object;"}},
};

TEST(Descriptor, NamesAndDescriptorsAreWrittenAsJavaDoes) {
  for (const auto& [descriptor, names] : kBothWays) {
    EXPECT_EQ(type_names_of(descriptor), names) << descriptor;
    EXPECT_EQ(parameters_of(descriptor), names.size()) << descriptor;
    EXPECT_EQ(descriptor_of(names), std::string(descriptor));
  }
}

TEST(Descriptor, ArraysMayBeWrittenWithBrackets) { EXPECT_EQ(descriptor_of({"int[]", "demo.api.Person[][]"}), "[I[[Ldemo/api/Person;"); }

TEST(Descriptor, WhatIsNoDescriptorIsRefusedWithThePlace) {
  for (const std::string_view descriptor : {"Ljava.lang.String;", "V", "X", "[", "[[", "L;", "Ljava/lang/String", "La//b;", "L/a;", "La/;",
                                            "(I)V", "int", "La[b;", " I", "L\x01;", "Q", "Llong;", "[Lint;"}) {
    const auto names = type_names_of(descriptor);
    ASSERT_FALSE(names) << descriptor;
    EXPECT_EQ(names.error().code, Code::InvalidArgument);
  }
  EXPECT_THAT(type_names_of("IIX").error().message, HasSubstr("\"IIX\": no type at octet 2"));
}

TEST(Descriptor, WhatIsNoTypeNameIsRefusedWithTheName) {
  for (const std::string name : {"", "java/lang/String", "a..b", ".a", "a.", "int[", "[]", "[int", "[La/b;", "[I[]", "a b",
                                 "[Ljava.lang.String", "../etc", "a;b", "[II"}) {
    const auto descriptor = descriptor_of({"int", name});
    ASSERT_FALSE(descriptor) << name << " → " << *descriptor;
    EXPECT_THAT(descriptor.error().message, HasSubstr("\"" + name + "\""));
  }
}

TEST(Descriptor, OneOverALimitIsRefused) {
  EXPECT_TRUE(type_names_of(std::string(kParametersMax, 'I')));
  EXPECT_FALSE(type_names_of(std::string(kParametersMax + 1, 'I')));
  EXPECT_TRUE(descriptor_of(std::vector<std::string>(kParametersMax, "int")));
  EXPECT_FALSE(descriptor_of(std::vector<std::string>(kParametersMax + 1, "int")));
  EXPECT_TRUE(type_names_of(std::string(kArrayDimensionsMax, '[') + "I"));
  EXPECT_FALSE(type_names_of(std::string(kArrayDimensionsMax + 1, '[') + "I"));
  EXPECT_TRUE(type_names_of("L" + std::string(kDescriptorBytesMax - 2, 'a') + ";"));
  EXPECT_FALSE(type_names_of("L" + std::string(kDescriptorBytesMax - 1, 'a') + ";"));
  EXPECT_FALSE(descriptor_of({std::string(kDescriptorBytesMax, 'a')}));
}

RC_GTEST_PROP(Descriptor, WhatIsReadIsWrittenBackTheSame, ()) {
  const auto type = rc::gen::element<std::string>("I", "J", "Z", "[D", "[[[B", "La/B;", "Lx/Y$Z;", "[Lx/y/\u4e2d;");
  std::string descriptor;
  for (const auto& each : *rc::gen::container<std::vector<std::string>>(type)) descriptor += each;
  const auto names = type_names_of(descriptor);
  RC_ASSERT(names.has_value());
  RC_ASSERT(descriptor_of(*names).value() == descriptor);
}

}  // namespace
}  // namespace meepo::dubbo
