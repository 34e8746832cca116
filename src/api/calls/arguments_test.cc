#include "api/calls/arguments.h"

#include <gtest/gtest.h>

#include "protocol/hessian2/encoder.h"

namespace meepo::api {
namespace {

TaskSpec spec_of(std::vector<std::string> types, Payload params) {
  return {
      .app_id = "shop",
      .kind = Kind::Real,
      .define = {},
      .target =
          ServiceTarget{
              .interface = "a.B", .method = "m", .version = {}, .group = {}, .param_types = std::move(types), .params = std::move(params)},
      .next = {},
      .options = {}};
}
Payload json(std::string text) { return {.encoding = Encoding::Json, .data = std::move(text)}; }
Payload hessian(std::initializer_list<hessian2::Value> items) {
  hessian2::Document document;
  return {.encoding = Encoding::Hessian2, .data = hessian2::encode(document.list("[object", items)).value()};
}

TEST(Arguments, ThatFitTheirTypesPass) {
  const auto one = hessian2::Document::integer(1);
  for (const auto& spec :
       {spec_of({"int", "java.util.List", "com.x.Order"}, json(R"([1, ["a"], {"id": 5}])")), spec_of({}, json("[1, {}]")), spec_of({}, {}),
        spec_of({"int"}, hessian({one})), spec_of({}, hessian({one, one})), spec_of({}, hessian({})),
        spec_of({"int"}, {.encoding = Encoding::Bytes, .data = "x"})}) {
    const auto fit = check_arguments(spec);
    EXPECT_TRUE(fit) << fit.error().message;
  }
}

TEST(Arguments, ThatDoNotAreRefusedByTheirPlace) {
  struct Case {
    TaskSpec spec;
    const char* field;
  };
  const auto one = hessian2::Document::integer(1);
  auto chained = spec_of({}, {});
  chained.next = {spec_of({}, {}).target, spec_of({"int"}, json("[2147483648]")).target};
  for (const auto& [spec, field] : {Case{spec_of({"int", "int"}, json("[1, \"x\"]")), "target.service.params[1]"},
                                    Case{spec_of({"java.util.Map<String>"}, json("[{}]")), "target.service.params[0]"},
                                    Case{spec_of({"int"}, hessian({one, one})), "target.service.params"},
                                    Case{spec_of({}, {.encoding = Encoding::Hessian2, .data = "\x91"}), "target.service.params"},
                                    Case{spec_of({}, {.encoding = Encoding::Hessian2,
                                                      .data = "\x05"
                                                              "ab"}),
                                         "target.service.params"},
                                    Case{chained, "next[1].service.params[0]"}}) {
    const auto fit = check_arguments(spec);
    ASSERT_FALSE(fit) << field;
    EXPECT_EQ(fit.error().code, Code::InvalidArgument);
    EXPECT_EQ(fit.error().field, field);
    EXPECT_TRUE(fit.error().message.starts_with(field)) << fit.error().message;
  }
}

}  // namespace
}  // namespace meepo::api
