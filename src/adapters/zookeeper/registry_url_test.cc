#include "adapters/zookeeper/registry_url.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace meepo::adapters::zookeeper {
namespace {

using Servers = std::vector<net::Address>;

struct Case {
  const char* text;
  RegistryUrl url;
};

RegistryUrl of(Servers servers) {
  RegistryUrl url;
  url.servers = std::move(servers);
  return url;
}

TEST(RegistryUrl, Parse_ReadsAddressesAsJavaShopsWriteThem) {
  auto backup = of({{"h1", 2181}, {"h2", 2181}, {"h3", 2182}});
  backup.ignored = {"client", "timeout"};
  auto full = of({{"h1", 2181}, {"10.0.0.2", 2181}});
  full.user = "admin";
  full.password = "p@ss:w/rd";
  full.chroot = "/apps/blue";
  full.root = "/meepo";
  full.session_timeout = milliseconds(9'000);
  auto parameters = of({{"h1", 2181}});
  parameters.user = "u";
  parameters.password = "p";
  auto nested = of({{"h1", 2181}});
  nested.root = "/a/b";
  auto no_root = of({{"h1", 2181}});
  no_root.root = "";
  const std::array cases{
      Case{"zookeeper://127.0.0.1:2181", of({{"127.0.0.1", 2181}})},
      Case{"zookeeper://h1", of({{"h1", 2181}})},
      Case{"zookeeper://[::1]:2182", of({{"::1", 2182}})},
      Case{"zookeeper://[::1]", of({{"::1", 2181}})},
      Case{"zookeeper://h1:2181,h2:2181", of({{"h1", 2181}, {"h2", 2181}})},
      Case{"zookeeper://h1:2181/", of({{"h1", 2181}})},
      Case{"zookeeper://h1:2181?backup=", of({{"h1", 2181}})},
      Case{"zookeeper://h1:2181?client=curator&backup=h2:2181,h3:2182&timeout=3000&group=dubbo", backup},
      Case{"zookeeper://admin:p@ss:w/rd@h1:2181/apps/blue?backup=10.0.0.2&group=meepo&session=9000", full},
      Case{"zookeeper://h1:2181?username=u&password=p", parameters},
      Case{"zookeeper://h1:2181?group=/a/b", nested},
      Case{"zookeeper://h1:2181?group=/", no_root},
      Case{"zookeeper://h1:2181/org.apache.dubbo.registry.RegistryService", of({{"h1", 2181}})},
      Case{"zookeeper://h1:2181/com.alibaba.dubbo.registry.RegistryService", of({{"h1", 2181}})},
  };
  for (const auto& [text, expected] : cases) {
    const auto url = parse_registry_url(text);
    ASSERT_TRUE(url) << text << ": " << url.error().message;
    EXPECT_EQ(url->servers, expected.servers) << text;
    EXPECT_EQ(url->user, expected.user) << text;
    EXPECT_EQ(url->password, expected.password) << text;
    EXPECT_EQ(url->chroot, expected.chroot) << text;
    EXPECT_EQ(url->root, expected.root) << text;
    EXPECT_EQ(url->session_timeout, expected.session_timeout) << text;
    EXPECT_EQ(url->ignored, expected.ignored) << text;
  }
}

TEST(RegistryUrl, Parse_SaysWhatIsWrong) {
  const std::array<std::pair<const char*, const char*>, 19> cases{{
      {"", "write zookeeper://HOST:PORT"},
      {"h1:2181", "write zookeeper://HOST:PORT"},
      {"nacos://h1:8848", "\"nacos\""},
      {"zookeeper://", "\"\" in the address"},
      {"zookeeper://h1:x", "\"h1:x\" in the address"},
      {"zookeeper://h1:0", "\"h1:0\" in the address"},
      {"zookeeper://h1:65536", "\"h1:65536\""},
      {"zookeeper://h 1", "\"h 1\""},
      {"zookeeper://h1:2181,,h2:2181", "\"\" in the address"},
      {"zookeeper://h1:2181?backup=h2:x", "\"h2:x\" in backup"},
      {"zookeeper://h1:2181|h2:2181", "name one ensemble"},
      {"zookeeper://h1:2181;h2:2181", "name one ensemble"},
      {"zookeeper://user@h1:2181", "write user:password@"},
      {"zookeeper://h1:2181?username=u", "belong together"},
      {"zookeeper://h1:2181?username=a:b&password=p", "colon"},
      {"zookeeper://h1:2181/a//b", "the chroot \"a//b\""},
      {"zookeeper://h1:2181?group=a/../b", "group \"a/../b\""},
      {"zookeeper://h1:2181?session=999", "session=\"999\""},
      {"zookeeper://h1:2181?session=soon", "session=\"soon\""},
  }};
  for (const auto& [text, reason] : cases) {
    const auto url = parse_registry_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, Code::InvalidArgument) << text;
    EXPECT_NE(url.error().message.find(reason), std::string::npos) << text << ": " << url.error().message;
  }
}

TEST(RegistryUrl, Parse_NeverRepeatsAPassword) {
  for (const auto* text :
       {"zookeeper://u:secret@h1:x", "zookeeper://u:secret@h1:1/a//b", "zookeeper://h1:1?password=secret", "zookeeper://u:secret@"}) {
    const auto url = parse_registry_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().message.find("secret"), std::string::npos) << url.error().message;
  }
}

TEST(RegistryUrl, Parse_RefusesOneServerOrByteMoreThanTheLimit) {
  std::string text = "zookeeper://h";
  for (std::size_t i = 1; i < kServersMax; ++i) text += ",h";
  EXPECT_EQ(parse_registry_url(text)->servers.size(), kServersMax);
  EXPECT_FALSE(parse_registry_url(text + ",h"));

  text = "zookeeper://h?x=";
  text.append(kRegistryUrlBytesMax - text.size(), 'x');
  EXPECT_TRUE(parse_registry_url(text));
  EXPECT_FALSE(parse_registry_url(text + "x"));
}

TEST(RegistryUrl, ClientOptions_AreThoseOfTheUrl) {
  const auto options = parse_registry_url("zookeeper://u:p@h1:2181/c?backup=[::1]:2182&session=8000")->client_options();
  EXPECT_EQ(options.servers, "h1:2181,[::1]:2182");
  EXPECT_EQ(options.chroot, "/c");
  EXPECT_EQ(options.user, "u");
  EXPECT_EQ(options.password, "p");
  EXPECT_EQ(options.session_timeout, milliseconds(8'000));
  EXPECT_EQ(parse_registry_url("zookeeper://h1")->client_options().session_timeout, kSessionTimeoutDefault);
}

}  // namespace
}  // namespace meepo::adapters::zookeeper
