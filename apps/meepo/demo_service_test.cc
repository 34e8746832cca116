#include "demo_service.h"

#include <gtest/gtest.h>

namespace meepo::cli {
namespace {

TEST(ElementsOf, ElementsOf_CutsAnArrayAtItsOwnCommasAndKeepsTheText) {
  struct Case {
    const char* array;
    std::vector<std::string_view> elements;
  };
  for (const Case& c : {
           Case{"[]", {}},
           Case{" [ ] ", {}},
           Case{"", {}},
           Case{"[1]", {"1"}},
           Case{"[9007199254740993, 0.10]", {"9007199254740993", "0.10"}},
           Case{R"(["a,b", "c]"])", {R"("a,b")", R"("c]")"}},
           Case{R"(["a\",", 1])", {R"("a\",")", "1"}},
           Case{R"(["\\", 1])", {R"("\\")", "1"}},
           Case{R"([[1,2],{"a":[3,4]}, null])", {"[1,2]", R"({"a":[3,4]})", "null"}},
           Case{"5", {"5"}},
           Case{R"({"a":1})", {R"({"a":1})"}},
       }) {
    EXPECT_EQ(elements_of(c.array), c.elements) << c.array;
  }
}

}  // namespace
}  // namespace meepo::cli
