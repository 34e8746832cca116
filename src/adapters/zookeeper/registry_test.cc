// The Dubbo registry against a real server.

#include "adapters/zookeeper/registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "adapters/zookeeper/tests/server.h"

namespace meepo::adapters::zookeeper {
namespace {

// What handlers refer to is declared before the session: until that is gone they may run.

using Names = std::vector<std::string>;

DubboUrl url_of(const std::string& text) { return parse_dubbo_url(text).value(); }

/// A session with a registry.
struct Member {
  explicit Member(std::unique_ptr<TestSession> connected) : session(std::move(connected)) {
    session->on_loop([this] { registry.emplace(session->loop(), session->client(), "/dubbo"); });
  }
  ~Member() {
    session->on_loop([this] { registry.reset(); });
  }

  /// Registers and waits until the node is there.
  void add(const std::string& url) {
    auto made = std::make_shared<std::promise<Result<void>>>();
    session->on_loop([&] {
      ASSERT_TRUE(registry->register_url(url_of(url), [made, first = true](const Result<void>& result) mutable {
        if (std::exchange(first, false)) made->set_value(result);
      }));
    });
    auto future = made->get_future();
    ASSERT_EQ(future.wait_for(kWait), std::future_status::ready);
    ASSERT_TRUE(future.get());
  }
  Result<void> remove(const std::string& url) {
    return session->ask<void>([&](auto done) { registry->unregister_url(url_of(url), std::move(done)); });
  }
  /// Appends every listing as text: the providers' hosts, then the rules' hosts behind a bar.
  Registry::SubscriptionId subscribe(const std::string& interface, Names& heard) {
    Registry::SubscriptionId id = 0;
    session->on_loop([&] {
      id = registry
               ->subscribe(interface,
                           [&heard](const Result<Listing>& listing) {
                             std::string text;
                             if (!listing) text = "error";
                             for (const auto& provider : listing.value_or(Listing{}).providers) text += provider.host + " ";
                             for (const auto& rule : listing.value_or(Listing{}).rules) text += "|" + rule.host;
                             heard.push_back(text);
                           })
               .value();
    });
    return id;
  }
  [[nodiscard]] bool hears(const Names& heard, const std::string& last) {
    return session->eventually([&heard, last] { return !heard.empty() && heard.back() == last; });
  }

  std::unique_ptr<TestSession> session;
  std::optional<Registry> registry;
};

class RegistryTest : public ServerTest {};

TEST_F(RegistryTest, Register_WritesTheNodeThatJavaReads) {
  Member node(connect());
  node.add("dubbo://10.0.0.7:20881/a.B?side=provider");
  node.add("consumer://10.0.0.7/a.B?category=consumers&side=consumer");
  node.add("override://0.0.0.0/a.B?category=configurators&weight=5");
  auto& session = *node.session;
  EXPECT_EQ(session.children("/dubbo"), Result<Names>({"a.B"}));
  EXPECT_EQ(session.children("/dubbo/a.B"), Result<Names>({"configurators", "consumers", "providers"}));
  EXPECT_EQ(session.children("/dubbo/a.B/providers"), Result<Names>({"dubbo%3A%2F%2F10.0.0.7%3A20881%2Fa.B%3Fside%3Dprovider"}));
  EXPECT_EQ(session.children("/dubbo/a.B/consumers"),
            Result<Names>({"consumer%3A%2F%2F10.0.0.7%2Fa.B%3Fcategory%3Dconsumers%26side%3Dconsumer"}));
  const auto made = session.exists("/dubbo/a.B/providers/dubbo%3A%2F%2F10.0.0.7%3A20881%2Fa.B%3Fside%3Dprovider");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->ephemeral_owner, session.session().id);
  EXPECT_EQ(session.exists("/dubbo/a.B/providers")->ephemeral_owner, 0);
}

TEST_F(RegistryTest, Register_RefusesWhatNobodyCouldRead) {
  Member node(connect());
  node.add("dubbo://h:1/a.B");
  auto broken = url_of("dubbo://h:1/a.B");
  broken.parameters["note"] = "a&b";
  node.session->on_loop([&] {
    const auto code = [&](const DubboUrl& url) {
      const auto result = node.registry->register_url(url, [](const Result<void>&) {});
      return result ? Code::Internal : result.error().code;
    };
    EXPECT_EQ(code(url_of("dubbo://h:1/a.B")), Code::Conflict);
    EXPECT_EQ(code(url_of("dubbo://h:1")), Code::InvalidArgument);
    EXPECT_EQ(code(url_of("dubbo://h:1/*")), Code::InvalidArgument);
    EXPECT_EQ(code(broken), Code::InvalidArgument);
    EXPECT_FALSE(node.registry->subscribe("", [](const Result<Listing>&) {}));
    EXPECT_FALSE(node.registry->subscribe("*", [](const Result<Listing>&) {}));
  });
}

TEST_F(RegistryTest, Registered_ComesBackAfterAnExpiry) {
  std::vector<bool> heard;
  Member node(connect());
  node.session->on_loop([&] {
    ASSERT_TRUE(
        node.registry->register_url(url_of("dubbo://h:1/a.B"), [&](const Result<void>& made) { heard.push_back(made.has_value()); }));
  });
  ASSERT_TRUE(node.session->eventually([&] { return heard.size() == 1; }));
  node.session->expire();
  ASSERT_TRUE(node.session->eventually([&] { return heard.size() == 2; }));
  EXPECT_EQ(heard, (std::vector{true, true}));
  const auto made = node.session->exists("/dubbo/a.B/providers/dubbo%3A%2F%2Fh%3A1%2Fa.B");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->ephemeral_owner, node.session->session().id);
}

TEST_F(RegistryTest, Registered_WhileTheServerIsDown_IsThereWhenItIsBack) {
  std::promise<bool> made;
  Member node(connect());
  server().stop();
  node.session->await(SessionChange::Suspended);
  node.session->on_loop([&] {
    ASSERT_TRUE(
        node.registry->register_url(url_of("dubbo://h:1/a.B"), [&](const Result<void>& result) { made.set_value(result.has_value()); }));
  });
  server().start();
  EXPECT_TRUE(made.get_future().get());
  EXPECT_EQ(node.session->children("/dubbo/a.B/providers")->size(), 1U);
}

TEST_F(RegistryTest, Register_ReplacesWhatAnotherSessionLeft) {
  const std::string path = "/dubbo/a.B/providers/dubbo%3A%2F%2Fh%3A1%2Fa.B";
  auto before = connect();
  ASSERT_TRUE(before->create(path, {}, Mode::Ephemeral));
  Member node(connect());
  node.add("dubbo://h:1/a.B");
  before.reset();  // the end of the other session takes nothing away
  const auto made = node.session->exists(path);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->ephemeral_owner, node.session->session().id);
}

TEST_F(RegistryTest, Register_ThatIsForbidden_SaysSoOnce_AndGoesOnTrying) {
  Names heard;
  Names listings;
  auto node = std::make_unique<Member>(connect());
  ASSERT_TRUE(node->session->create("/open"));  // so that the chroot is for everybody
  auto with_user = options();
  with_user.user = "admin";
  with_user.password = "secret";
  auto owner = connect(with_user);
  ASSERT_TRUE(owner->create("/dubbo/a.B/providers"));
  node->session->on_loop([&] {
    ASSERT_TRUE(node->registry->register_url(url_of("dubbo://h:1/a.B"), [&](const Result<void>& made) {
      heard.emplace_back(made ? "OK" : std::string(to_string(made.error().code)));
    }));
  });
  node->subscribe("a.B", listings);
  ASSERT_TRUE(node->hears(heard, "FORBIDDEN"));
  ASSERT_TRUE(node->hears(listings, "error"));
  ASSERT_TRUE(owner->remove("/dubbo/a.B/providers"));
  ASSERT_TRUE(owner->remove("/dubbo/a.B"));
  ASSERT_TRUE(owner->remove("/dubbo"));
  ASSERT_TRUE(node->hears(heard, "OK"));
  ASSERT_TRUE(node->hears(listings, "h "));
  node->session->on_loop([&] {
    EXPECT_EQ(heard, (Names{"FORBIDDEN", "OK"}));
    EXPECT_EQ(std::ranges::count(listings, "error"), 1);
  });
}

TEST_F(RegistryTest, Unregister_DeletesTheNode) {
  Member node(connect());
  for (const auto* url : {"dubbo://h:1/a.B", "dubbo://h:2/a.B", "dubbo://h:3/a.B"}) node.add(url);
  EXPECT_TRUE(node.remove("dubbo://h:1/a.B"));
  EXPECT_EQ(node.session->children("/dubbo/a.B/providers")->size(), 2U);
  EXPECT_EQ(code_of(node.remove("dubbo://h:1/a.B")), Code::NotFound);
  node.add("dubbo://h:1/a.B");  // the same again
  ASSERT_TRUE(node.session->ask<void>([&](auto done) { node.registry->unregister_all(std::move(done)); }));
  EXPECT_EQ(node.session->children("/dubbo/a.B/providers"), Result<Names>(Names{}));
  EXPECT_TRUE(node.session->ask<void>([&](auto done) { node.registry->unregister_all(std::move(done)); }));  // nothing left
  node.session->expire();
  EXPECT_EQ(node.session->children("/dubbo/a.B/providers"), Result<Names>(Names{}));
}

TEST_F(RegistryTest, Unregister_DuringTheRegistration_LeavesNothingBehind) {
  Member node(connect());
  const auto gone = node.session->ask<void>([&](auto done) {
    ASSERT_TRUE(node.registry->register_url(url_of("dubbo://h:1/a.B"), [](const Result<void>&) { ADD_FAILURE(); }));
    node.registry->unregister_url(url_of("dubbo://h:1/a.B"), std::move(done));
  });
  EXPECT_TRUE(gone);
  EXPECT_EQ(node.session->children("/dubbo/a.B/providers"), Result<Names>(Names{}));
}

TEST_F(RegistryTest, Subscribe_HearsProvidersAndRules_AndPassesOverTheRest) {
  Names heard;
  Names others;
  Member consumer(connect());
  const auto id = consumer.subscribe("a.B", heard);
  ASSERT_TRUE(consumer.hears(heard, ""));  // nobody has registered it yet

  Member provider(connect());
  provider.add("dubbo://10.0.0.1:1/a.B");
  ASSERT_TRUE(consumer.hears(heard, "10.0.0.1 "));
  auto& session = *provider.session;
  for (const auto* junk : {"junk", "%zz", "dubbo%3A%2F%2F", "tri%3A%2F%2F10.0.0.8%3A1%2Fa.B", "empty%3A%2F%2F10.0.0.8%2Fa.B",
                           "dubbo%3A%2F%2F10.0.0.8%3A1%2Fa.B%3Fenabled%3Dfalse", "dubbo%3A%2F%2F10.0.0.8%2Fa.B"}) {
    ASSERT_TRUE(session.create(std::string("/dubbo/a.B/providers/") + junk));
  }
  provider.add("dubbo://10.0.0.2:1/a.B");
  ASSERT_TRUE(consumer.hears(heard, "10.0.0.1 10.0.0.2 "));
  const std::string rule = "/dubbo/a.B/configurators/" + java_url_encode("override://10.0.0.1:1/a.B?category=configurators&disabled=true");
  ASSERT_TRUE(session.create(rule));
  ASSERT_TRUE(session.create("/dubbo/a.B/configurators/junk"));
  ASSERT_TRUE(consumer.hears(heard, "10.0.0.1 10.0.0.2 |10.0.0.1"));
  ASSERT_TRUE(session.remove(rule));
  ASSERT_TRUE(consumer.hears(heard, "10.0.0.1 10.0.0.2 "));
  ASSERT_TRUE(provider.remove("dubbo://10.0.0.1:1/a.B"));
  ASSERT_TRUE(consumer.hears(heard, "10.0.0.2 "));

  std::size_t before = 0;
  consumer.session->on_loop([&] {
    consumer.registry->unsubscribe(id);
    consumer.registry->unsubscribe(id);
    before = heard.size();
  });
  provider.add("dubbo://10.0.0.3:1/a.B");
  consumer.subscribe("a.B", others);
  ASSERT_TRUE(consumer.hears(others, "10.0.0.2 10.0.0.3 "));
  consumer.session->on_loop([&] { EXPECT_EQ(heard.size(), before); });
}

TEST_F(RegistryTest, Subscribed_TheListHoldsWhileTheServerIsDown_AndIsFollowedAfterAnExpiry) {
  Names heard;
  Member provider(connect());
  provider.add("dubbo://10.0.0.1:1/a.B");
  Member consumer(connect());
  consumer.subscribe("a.B", heard);
  ASSERT_TRUE(consumer.hears(heard, "10.0.0.1 "));
  const auto count = [&] {
    std::size_t size = 0;
    consumer.session->on_loop([&] { size = heard.size(); });
    return size;
  };
  const auto before = count();
  server().stop();
  consumer.session->await(SessionChange::Suspended);
  server().start();
  consumer.session->await(SessionChange::Resumed);
  consumer.session->expire();
  EXPECT_EQ(count(), before);  // nothing new, so nothing is said
  provider.add("dubbo://10.0.0.2:1/a.B");
  ASSERT_TRUE(consumer.hears(heard, "10.0.0.1 10.0.0.2 "));
  provider.session->expire();
  ASSERT_TRUE(consumer.hears(heard, "10.0.0.1 10.0.0.2 "));
}

TEST_F(RegistryTest, Subscribed_AHandlerMayUnsubscribeItself) {
  Registry::SubscriptionId id = 0;
  int heard = 0;
  Member node(connect());
  node.session->on_loop([&] {
    id = node.registry
             ->subscribe("a.B",
                         [&](const Result<Listing>&) {
                           ++heard;
                           node.registry->unsubscribe(id);
                         })
             .value();
  });
  ASSERT_TRUE(node.session->eventually([&] { return heard == 1; }));
  node.add("dubbo://h:1/a.B");
  node.session->on_loop([&] { EXPECT_EQ(heard, 1); });
}

TEST_F(RegistryTest, WatchInterfaces_NamesThoseThatHaveProviders) {
  Names heard;
  Member node(connect());
  node.session->on_loop([&] {
    node.registry->watch_interfaces([&](const Result<Names>& interfaces) {
      std::string text;
      for (const auto& name : interfaces.value_or(Names{"error"})) text += name + " ";
      heard.push_back(text);
    });
  });
  ASSERT_TRUE(node.hears(heard, ""));
  node.add("dubbo://h:1/b.C");
  ASSERT_TRUE(node.hears(heard, "b.C "));
  Member other(connect());
  other.add("dubbo://h:1/a.B");
  other.add("consumer://h/c.D");
  other.add("tri://h:1/d.E");
  for (const auto* beside : {"/dubbo/metadata/a.B/provider/x", "/dubbo/config/dubbo/x", "/dubbo/mapping/a.B"})
    ASSERT_TRUE(other.session->create(beside));
  ASSERT_TRUE(node.hears(heard, "a.B b.C "));
  ASSERT_TRUE(node.remove("dubbo://h:1/b.C"));
  ASSERT_TRUE(node.hears(heard, "a.B "));
  node.session->expire();
  other.add("dubbo://h:2/e.F");
  ASSERT_TRUE(node.hears(heard, "a.B e.F "));
}

TEST(Registry, RegistrationsAndSubscriptions_OneMoreThanTheLimit_AreRefused) {
  TestSession session(ClientOptions{});  // never started: everything waits
  session.on_loop([&] {
    Registry registry(session.loop(), session.client(), "/dubbo");
    for (std::size_t i = 0; i < kRegistrationsMax; ++i) {
      ASSERT_TRUE(registry.register_url(url_of("dubbo://h:1/a.B?i=" + std::to_string(i)), [](const Result<void>&) {}));
    }
    EXPECT_EQ(code_of(registry.register_url(url_of("dubbo://h:1/a.B"), [](const Result<void>&) {})), Code::Exhausted);
    for (std::size_t i = 0; i < kSubscriptionsMax; ++i)
      ASSERT_TRUE(registry.subscribe("a.B" + std::to_string(i), [](const Result<Listing>&) {}));
    EXPECT_EQ(registry.subscribe("a.B", [](const Result<Listing>&) {}).error().code, Code::Exhausted);
  });
}

}  // namespace
}  // namespace meepo::adapters::zookeeper
