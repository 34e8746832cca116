// What requests promise, against a real server.

#include "adapters/zookeeper/client.h"

#include <gtest/gtest.h>

#include <functional>

#include "adapters/zookeeper/tests/server.h"

namespace meepo::adapters::zookeeper {
namespace {

using Names = std::vector<std::string>;

class ClientTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    if (!IsSkipped()) session = connect();
  }
  Client& client() { return session->client(); }

  std::unique_ptr<TestSession> session;
};

TEST_F(ClientTest, Create_MakesMissingParents_PersistentAndEmpty) {
  const auto made = session->create("/a/b/c", "data", Mode::Ephemeral);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->ephemeral_owner, session->session().id);
  EXPECT_GT(made->created_zxid, 0);
  const auto parent = session->get("/a/b");
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->data, "");
  EXPECT_EQ(parent->stat.ephemeral_owner, 0);
  EXPECT_EQ(parent->stat.children, 1);
  EXPECT_LT(parent->stat.created_zxid, made->created_zxid);
  EXPECT_EQ(session->get("/a/b/c")->data, "data");
}

TEST_F(ClientTest, Data_ComesBackByteForByte) {
  const std::string all_bytes = [] {
    std::string text;
    for (int i = 0; i < 256; ++i) text += static_cast<char>(i);
    return text;
  }();
  ASSERT_TRUE(session->create("/n", all_bytes));
  EXPECT_EQ(session->get("/n")->data, all_bytes);
  const auto set = session->ask<NodeStat>([&](auto done) { client().set("/n", "", 0, std::move(done)); });
  ASSERT_TRUE(set);
  EXPECT_EQ(set->version, 1);
  EXPECT_EQ(session->get("/n")->data, "");
}

TEST_F(ClientTest, Errors_SayWhatTheCallerCanDo) {
  ASSERT_TRUE(session->create("/n/child"));
  ASSERT_TRUE(session->create("/mine", {}, Mode::Ephemeral));
  const auto set = [&](const char* path, std::int32_t version) {
    return session->ask<NodeStat>([&](auto done) { client().set(path, "x", version, std::move(done)); });
  };
  EXPECT_EQ(code_of(session->create("/n")), Code::Conflict);
  EXPECT_EQ(code_of(session->create("/mine/below")), Code::Conflict);
  EXPECT_EQ(code_of(session->remove("/n")), Code::Conflict);
  EXPECT_EQ(code_of(session->remove("/n/child", 7)), Code::Conflict);
  EXPECT_EQ(code_of(set("/n", 7)), Code::Conflict);
  EXPECT_EQ(code_of(set("/none", -1)), Code::NotFound);
  EXPECT_EQ(code_of(session->remove("/none")), Code::NotFound);
  EXPECT_EQ(code_of(session->exists("/none")), Code::NotFound);
  EXPECT_EQ(code_of(session->get("/none")), Code::NotFound);
  EXPECT_EQ(code_of(session->children("/none")), Code::NotFound);
  for (const auto* path : {"", "a", "/a//b", "/a/../b", "/a/", "/./a"}) {
    EXPECT_EQ(code_of(session->get(path)), Code::InvalidArgument) << path;
  }
  EXPECT_EQ(code_of(session->create(std::string("/a\0b", 4))), Code::InvalidArgument);
  EXPECT_EQ(session->remove("/none").error().message, "delete \"" + options().chroot + "/none\" in ZooKeeper: there is no such node");
}

TEST_F(ClientTest, PathsAndData_OneByteMoreThanTheLimit_AreRefused) {
  ASSERT_TRUE(session->create("/n"));
  EXPECT_TRUE(session->create("/n/most", std::string(kDataBytesMax, 'x')));
  EXPECT_EQ(code_of(session->create("/n/more", std::string(kDataBytesMax + 1, 'x'))), Code::InvalidArgument);
  const std::string longest = "/" + std::string(kPathBytesMax - options().chroot.size() - 1, 'x');
  EXPECT_EQ(code_of(session->exists(longest)), Code::NotFound);
  EXPECT_EQ(code_of(session->exists(longest + "x")), Code::InvalidArgument);
}

TEST_F(ClientTest, Children_AreTheNames) {
  for (const auto* path : {"/p/b", "/p/a", "/p/c/d"}) ASSERT_TRUE(session->create(path));
  EXPECT_EQ(session->children("/p"), Result<Names>({"a", "b", "c"}));
  EXPECT_EQ(session->children("/p/a"), Result<Names>(Names{}));
}

TEST_F(ClientTest, RequestsAndChildren_OneMoreThanTheLimit_AreRefused) {
  ASSERT_TRUE(session->create("/p"));
  std::size_t made = 0;
  std::size_t refused = 0;
  const auto count = [&](const Result<NodeStat>& result) { ++(code_of(result) == Code::Exhausted ? refused : made); };
  session->on_loop([&] {
    for (std::size_t i = 0; i < kRequestsWaitingMax + 1; ++i) client().create("/p/" + std::to_string(i), {}, Mode::Ephemeral, count);
  });
  ASSERT_TRUE(session->eventually([&] { return made + refused == kRequestsWaitingMax + 1; }));
  EXPECT_EQ(refused, 1U);
  ASSERT_EQ(made, kChildrenMax);
  EXPECT_EQ(session->children("/p")->size(), kChildrenMax);
  ASSERT_TRUE(session->create("/p/more", {}, Mode::Ephemeral));
  EXPECT_EQ(code_of(session->children("/p")), Code::Exhausted);
}

struct WatchCase {
  const char* what;
  bool node_before;
  std::function<void(TestSession&, Client::Watch)> set;
  std::function<void(TestSession&)> change;
  NodeChange seen;
};

TEST_F(ClientTest, Watch_SeesTheFirstChangeAndNoOther) {
  const auto exists = [](TestSession& on, Client::Watch watch) {
    (void)on.ask<NodeStat>([&](auto done) { on.client().exists("/p/n", std::move(done), std::move(watch)); });
  };
  const auto get = [](TestSession& on, Client::Watch watch) {
    ASSERT_TRUE(on.ask<Node>([&](auto done) { on.client().get("/p/n", std::move(done), std::move(watch)); }));
  };
  const auto children = [](TestSession& on, Client::Watch watch) {
    ASSERT_TRUE(on.ask<Names>([&](auto done) { on.client().children("/p/n", std::move(done), std::move(watch)); }));
  };
  const auto create = [](TestSession& on) { ASSERT_TRUE(on.create("/p/n")); };
  const auto remove = [](TestSession& on) { ASSERT_TRUE(on.remove("/p/n")); };
  const auto set = [](TestSession& on) {
    ASSERT_TRUE(on.ask<NodeStat>([&](auto done) { on.client().set("/p/n", "new", -1, std::move(done)); }));
  };
  const auto add_child = [](TestSession& on) { ASSERT_TRUE(on.create("/p/n/c")); };
  const std::vector<WatchCase> cases{
      {"exists, created", false, exists, create, NodeChange::Created},
      {"exists, data", true, exists, set, NodeChange::Data},
      {"exists, deleted", true, exists, remove, NodeChange::Deleted},
      {"get, data", true, get, set, NodeChange::Data},
      {"get, deleted", true, get, remove, NodeChange::Deleted},
      {"children, a new one", true, children, add_child, NodeChange::Children},
      {"children, deleted", true, children, remove, NodeChange::Deleted},
  };
  ASSERT_TRUE(session->create("/p"));
  auto changer = connect();
  for (const auto& [what, node_before, set_watch, change, expected] : cases) {
    SCOPED_TRACE(what);
    if (node_before) ASSERT_TRUE(session->create("/p/n"));
    std::vector<NodeChange> seen;
    set_watch(*session, [&](NodeChange now) { seen.push_back(now); });
    change(*changer);
    EXPECT_TRUE(session->eventually([&] { return !seen.empty(); }));
    (void)changer->remove("/p/n/c");
    (void)changer->remove("/p/n");
    // Whatever the watch might have seen of that has arrived before this answer.
    (void)session->exists("/p");
    session->on_loop([&] { EXPECT_EQ(seen, std::vector<NodeChange>{expected}); });
  }
}

}  // namespace
}  // namespace meepo::adapters::zookeeper
