// How a session lives: against a real server, which is stopped, killed and started again.

#include <gtest/gtest.h>

#include "adapters/zookeeper/client.h"
#include "adapters/zookeeper/tests/server.h"

namespace meepo::adapters::zookeeper {
namespace {

// What handlers refer to is declared before the session: until that is gone they may run.

class SessionTest : public ServerTest {};

TEST_F(SessionTest, Start_ConnectsWithANewSession) {
  TestSession session(options());
  EXPECT_EQ(session.session().id, 0);
  session.start();
  session.await(SessionChange::New);
  EXPECT_NE(session.session().id, 0);
  session.on_loop([&] { EXPECT_TRUE(session.client().connected()); });
}

TEST_F(SessionTest, RequestsBeforeTheFirstConnection_AreUnavailable) {
  TestSession session(options());
  const auto answer = session.exists("/a");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::Unavailable);
  EXPECT_EQ(answer.error().message, "look at \"" + options().chroot + "/a\" in ZooKeeper: there is no connection");
}

TEST_F(SessionTest, ServersThatAreNone_AreRefusedWithAReason_AgainAndAgain) {
  auto wrong = options();
  wrong.servers = "127.0.0.1";  // no port
  TestSession session(wrong);
  session.start();
  session.await(SessionChange::Refused);
  EXPECT_NE(session.last_detail().find("open a session with \"127.0.0.1\""), std::string::npos) << session.last_detail();
  session.await(SessionChange::Refused);
}

TEST_F(SessionTest, Destructor_EndsTheSessionAtOnce) {
  std::promise<NodeChange> gone;
  auto first = connect();
  auto second = connect();
  ASSERT_TRUE(first->create("/here", {}, Mode::Ephemeral));
  ASSERT_TRUE(second->ask<NodeStat>(
      [&](auto done) { second->client().exists("/here", std::move(done), [&](NodeChange change) { gone.set_value(change); }); }));
  first->destroy_client();
  // The session would last 10 s.
  EXPECT_EQ(code_of(second->exists("/here")), Code::NotFound);
  EXPECT_EQ(gone.get_future().get(), NodeChange::Deleted);
}

TEST_F(SessionTest, Destructor_InsideAHandler_IsAllowed) {
  std::promise<void> destroyed;
  auto session = connect();
  session->loop().post([&] {
    session->client().exists("/a", [&](const Result<NodeStat>&) {
      session->destroy_client_here();
      destroyed.set_value();
    });
    session->client().exists("/b", [](const Result<NodeStat>&) { ADD_FAILURE() << "a handler ran after the destructor"; });
  });
  ASSERT_EQ(destroyed.get_future().wait_for(kWait), std::future_status::ready);
}

TEST_F(SessionTest, Expired_OpensANewSession_WithoutTheOldNodesAndWatches) {
  bool watch_ran = false;
  auto session = connect();
  ASSERT_TRUE(session->create("/kept"));
  ASSERT_TRUE(session->create("/mine", {}, Mode::Ephemeral));
  ASSERT_TRUE(
      session->ask<Node>([&](auto done) { session->client().get("/kept", std::move(done), [&](NodeChange) { watch_ran = true; }); }));

  session->expire();
  EXPECT_EQ(code_of(session->exists("/mine")), Code::NotFound);
  EXPECT_TRUE(session->exists("/kept"));
  ASSERT_TRUE(session->remove("/kept"));
  session->on_loop([&] { EXPECT_FALSE(watch_ran); });

  session->expire();  // and once more
  EXPECT_TRUE(session->create("/again", {}, Mode::Ephemeral));
}

TEST_F(SessionTest, Expired_RequestsUnderWayAreAnsweredOnce) {
  constexpr int kRequests = 1'000;
  std::vector<int> answers(kRequests, 0);
  int answered = 0;
  auto session = connect();
  ASSERT_TRUE(session->create("/n"));
  const auto before = session->session();
  session->on_loop([&] {
    // The loop does not hear yet that the session is over.
    Server::get().expire(before);
    Server::get().cut_connections();
    for (int i = 0; i < kRequests; ++i) {
      session->client().get("/n", [&, i](const Result<Node>&) {
        ++answers[static_cast<std::size_t>(i)];
        ++answered;
      });
    }
  });
  EXPECT_TRUE(session->eventually([&] { return answered >= kRequests; }));
  session->expire();
  session->on_loop([&] { EXPECT_EQ(answers, std::vector<int>(kRequests, 1)); });
}

TEST_F(SessionTest, ConnectionCut_TheSessionGoesOn) {
  auto session = connect();
  const auto before = session->session();
  server().cut_connections();
  session->await(SessionChange::Suspended);
  session->await(SessionChange::Resumed);
  EXPECT_EQ(session->session().id, before.id);
}

TEST_F(SessionTest, ServerStoppedAndStarted_TheSessionGoesOn) {
  std::promise<NodeChange> seen;
  auto session = connect();
  const auto before = session->session();
  ASSERT_TRUE(session->create("/mine", {}, Mode::Ephemeral));
  ASSERT_TRUE(session->ask<Node>(
      [&](auto done) { session->client().get("/mine", std::move(done), [&](NodeChange change) { seen.set_value(change); }); }));

  server().stop();
  session->await(SessionChange::Suspended);
  const auto answer = session->create("/other");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::Unavailable);
  session->on_loop([&] { EXPECT_EQ(code_of(session->client().local_host()), Code::Unavailable); });

  server().start();
  session->await(SessionChange::Resumed);
  EXPECT_EQ(session->session().id, before.id);
  const auto mine = session->exists("/mine");
  ASSERT_TRUE(mine);
  EXPECT_EQ(mine->ephemeral_owner, before.id);
  ASSERT_TRUE(session->remove("/mine"));
  EXPECT_EQ(seen.get_future().get(), NodeChange::Deleted);  // the watch was set again
}

TEST_F(SessionTest, ServerKilled_RequestsUnderWayAreAnswered) {
  constexpr int kWrites = 2'000;
  std::promise<void> all;
  int answered = 0;
  int wrong = 0;
  auto session = connect();
  ASSERT_TRUE(session->create("/n"));
  session->on_loop([&] {
    for (int i = 0; i < kWrites; ++i) {
      session->client().set("/n", "x", -1, [&](const Result<NodeStat>& set) {
        // Never "nothing was changed" for a write that was sent: the connection may have broken after it was done.
        if (!set && set.error().code != Code::Unknown && set.error().code != Code::Unavailable) ++wrong;
        if (++answered == kWrites) all.set_value();
      });
    }
  });
  server().kill();
  EXPECT_EQ(all.get_future().wait_for(kWait), std::future_status::ready);
  server().start();
  session->await(SessionChange::Resumed);
  session->on_loop([&] { EXPECT_EQ(wrong, 0); });
}

TEST_F(SessionTest, User_OwnsWhatItMakes_AlsoAfterAReconnect) {
  auto with_user = options();
  with_user.user = "admin";
  with_user.password = "secret";
  auto owner = connect(with_user);
  ASSERT_TRUE(owner->create("/own", "data"));

  auto nobody = connect();
  with_user.password = "guess";
  auto other = connect(with_user);
  for (auto* stranger : {nobody.get(), other.get()}) {
    const auto read = stranger->get("/own");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Code::Forbidden);
    EXPECT_EQ(code_of(stranger->create("/own/below")), Code::Forbidden);
  }

  server().stop();
  owner->await(SessionChange::Suspended);
  server().start();
  owner->await(SessionChange::Resumed);
  EXPECT_EQ(owner->get("/own")->data, "data");
  owner->expire();
  EXPECT_EQ(owner->get("/own")->data, "data");
  ASSERT_TRUE(owner->remove("/own"));
}

TEST_F(SessionTest, Chroot_IsPutBeforeEveryPath_AndMade) {
  auto inside = connect();
  ASSERT_TRUE(inside->create("/a/b", "data"));
  auto top = options();
  const auto chroot = std::exchange(top.chroot, "");
  auto outside = connect(top);
  EXPECT_EQ(outside->get(chroot + "/a/b")->data, "data");
  EXPECT_EQ(inside->children("/"), Result<std::vector<std::string>>({"a"}));
  EXPECT_EQ(code_of(outside->exists("/a")), Code::NotFound);
}

TEST_F(SessionTest, LocalHost_IsTheAddressOnTheWayToTheServer) {
  auto session = connect();
  session->on_loop([&] { EXPECT_EQ(session->client().local_host(), Result<std::string>("127.0.0.1")); });
}

TEST_F(SessionTest, Listener_MayRemoveItselfAndOthers) {
  std::vector<std::string> heard;
  Client::ListenerId first = 0;
  Client::ListenerId second = 0;
  TestSession session(options());
  session.on_loop([&] {
    first = session.client().add_listener([&](SessionChange, const std::string&) {
      heard.emplace_back("first");
      session.client().remove_listener(first);
      session.client().remove_listener(second);
    });
    second = session.client().add_listener([&](SessionChange, const std::string&) { heard.emplace_back("second"); });
  });
  session.start();
  session.await(SessionChange::New);
  session.expire();
  session.on_loop([&] { EXPECT_EQ(heard, std::vector<std::string>{"first"}); });
}

}  // namespace
}  // namespace meepo::adapters::zookeeper
