#include "net/uri.h"

#include <gtest/gtest.h>

namespace meepo::net {
namespace {

TEST(Uri, DecodesPathAndQuery) {
  const auto uri = parse_uri("/v1/tasks/a%20b%3Acancel?appId=billing&name=%E4%BB%BB+x&flag&&empty=#part");
  ASSERT_TRUE(uri) << uri.error().message;
  EXPECT_EQ(uri->path, "/v1/tasks/a b:cancel");
  EXPECT_EQ(uri->query, (Query{{"appId", "billing"}, {"name", "任 x"}, {"flag", ""}, {"empty", ""}}));
}

TEST(Uri, APlusInThePathIsAPlus) { EXPECT_EQ(parse_uri("/a+b")->path, "/a+b"); }

TEST(Uri, RefusesWhatCannotBeReadSafely) {
  for (const auto* target : {"", "v1/tasks", "*", "http://localhost/", "/%", "/%2", "/%zz", "/a%2Fb", "/%00", "/a%0d%0ab", "/%7f", "/%ff",
                             "/%C0%AF", "/%ED%A0%80", "/?a=%f", "/?%00=a", "/?a=%80"}) {
    const auto uri = parse_uri(target);
    ASSERT_FALSE(uri) << target;
    EXPECT_EQ(uri.error().code, Code::InvalidArgument);
  }
}

}  // namespace
}  // namespace meepo::net
