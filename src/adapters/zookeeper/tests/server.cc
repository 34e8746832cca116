#include "adapters/zookeeper/tests/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace meepo::adapters::zookeeper {
namespace {

constexpr int kCannotInstall = 3;  // tools/stack

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Server& Server::get() {
  static Server server;
  return server;
}

Server::Server() {
  std::string pattern = (std::filesystem::temp_directory_path() / "meepo-zookeeper-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) std::abort();
  folder_ = pattern;
  // Also a program that dies does not leave its server behind.
  const int code = run("up --only zookeeper --while " + std::to_string(::getpid()));
  if (code == kCannotInstall) {
    missing_ = "ZooKeeper cannot be installed: " + text_of(folder_ + "/stack.log");
    return;
  }
  if (code != 0) {
    ADD_FAILURE() << "ZooKeeper did not start: " << text_of(folder_ + "/stack.log");
    std::abort();
  }
  must_run("env");
  const auto line = text_of(folder_ + "/stack.out");
  address_ = line.substr(line.find('=') + 1, line.find('\n') - line.find('=') - 1);
}

Server::~Server() {
  run("down");
  std::filesystem::remove_all(folder_);
}

int Server::run(const std::string& arguments) const {
  // The servers' folder is below, so that these two files do not make it one that is not empty.
  const auto command = std::string("nice '") + MEEPO_STACK + "' " + arguments + " --dir '" + folder_ + "/servers' >'" + folder_ +
                       "/stack.out' 2>'" + folder_ + "/stack.log'";
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void Server::must_run(const std::string& arguments) const {
  ASSERT_EQ(run(arguments), 0) << "tools/stack " << arguments << ": " << text_of(folder_ + "/stack.log");
}

void Server::expire(const SessionId& session) const {
  struct Connected {
    std::mutex mutex;
    std::condition_variable changed;
    bool connected = false;
  } state;
  clientid_t id{.client_id = session.id, .passwd = {}};
  std::copy(session.password.begin(), session.password.end(), std::begin(id.passwd));
  const watcher_fn watcher = [](zhandle_t*, int type, int now, const char*, void* context) {
    auto& target = *static_cast<Connected*>(context);
    const std::lock_guard lock(target.mutex);
    // An expired session is what is wanted, too.
    if (type == ZOO_SESSION_EVENT && (now == ZOO_CONNECTED_STATE || now == ZOO_EXPIRED_SESSION_STATE)) target.connected = true;
    target.changed.notify_all();
  };
  auto* const handle = zookeeper_init2(address_.c_str(), watcher, 30'000, &id, &state, ZOO_NO_LOG_CLIENTENV, [](const char*) {});
  ASSERT_NE(handle, nullptr);
  {
    std::unique_lock lock(state.mutex);
    EXPECT_TRUE(state.changed.wait_for(lock, kWait, [&] { return state.connected; }));
  }
  zookeeper_close(handle);
}

void Server::cut_connections() const {
  const auto port = std::stoi(address_.substr(address_.find(':') + 1));
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    sockaddr_in peer{};
    socklen_t bytes = sizeof(peer);
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &bytes) != 0 || peer.sin_family != AF_INET) continue;
    if (ntohs(peer.sin_port) == port) ::shutdown(fd, SHUT_RDWR);
  }
}

// ---- TestSession --------------------------------------------------------------------------------------------------------------

TestSession::TestSession(ClientOptions options) {
  client_ = std::make_unique<Client>(loop_, std::move(options));
  client_->add_listener([this](SessionChange change, const std::string& detail) {
    const std::lock_guard lock(mutex_);
    heard_.emplace_back(change, detail);
    changed_.notify_all();
  });
  loop_.start();
}

TestSession::~TestSession() {
  destroy_client();
  loop_.stop();
}

void TestSession::start() {
  on_loop([this] { client_->start(); });
}

void TestSession::destroy_client() {
  on_loop([this] { client_.reset(); });
}

void TestSession::await(SessionChange change) {
  std::unique_lock lock(mutex_);
  std::string passed;
  while (true) {
    if (!changed_.wait_for(lock, kWait, [&] { return !heard_.empty(); })) {
      ADD_FAILURE() << "the session never was " << to_string(change) << "; before:" << passed;
      return;
    }
    const auto heard = heard_.front();
    heard_.pop_front();
    last_detail_ = heard.second;
    if (heard.first == change) return;
    passed += " " + std::string(to_string(heard.first));
  }
}

std::string TestSession::last_detail() {
  const std::lock_guard lock(mutex_);
  return last_detail_;
}

SessionId TestSession::session() {
  SessionId id;
  on_loop([&] { id = client_->session(); });
  return id;
}

void TestSession::expire() {
  const auto before = session();
  const auto deadline = std::chrono::steady_clock::now() + kWait;
  // The server closes the connection of a session that is taken over. The client comes back at once and may be faster than the other
  // one's close, which is then lost: so it is done until it succeeds. A client that came back to a session that is being closed would
  // hear of it only when it gives up waiting: the cut makes it ask again.
  while (session().id == before.id && std::chrono::steady_clock::now() < deadline) {
    Server::get().expire(before);
    Server::get().cut_connections();
    (void)exists("/");
  }
  await(SessionChange::Expired);
  await(SessionChange::New);
  // The last cut may have hit the new session.
  EXPECT_TRUE(eventually([&] { return client_->connected() && client_->session().id != before.id; }));
}

Result<NodeStat> TestSession::create(const std::string& path, const std::string& data, Mode mode) {
  return ask<NodeStat>([&](auto done) { client_->create(path, data, mode, std::move(done)); });
}
Result<void> TestSession::remove(const std::string& path, std::int32_t version) {
  return ask<void>([&](auto done) { client_->remove(path, version, std::move(done)); });
}
Result<NodeStat> TestSession::exists(const std::string& path) {
  return ask<NodeStat>([&](auto done) { client_->exists(path, std::move(done)); });
}
Result<Node> TestSession::get(const std::string& path) {
  return ask<Node>([&](auto done) { client_->get(path, std::move(done)); });
}
Result<std::vector<std::string>> TestSession::children(const std::string& path) {
  auto names = ask<std::vector<std::string>>([&](auto done) { client_->children(path, std::move(done)); });
  if (names) std::ranges::sort(*names);
  return names;
}

// ---- ServerTest ---------------------------------------------------------------------------------------------------------------

ClientOptions ServerTest::options(milliseconds timeout) {
  const auto* const info = testing::UnitTest::GetInstance()->current_test_info();
  return {.servers = Server::get().address(),
          .chroot = "/" + std::string(info->test_suite_name()) + "/" + info->name() + "/" + std::to_string(run_),
          .user = {},
          .password = {},
          .session_timeout = timeout};
}

std::unique_ptr<TestSession> ServerTest::connect(ClientOptions options) {
  auto session = std::make_unique<TestSession>(std::move(options));
  session->start();
  session->await(SessionChange::New);
  return session;
}

}  // namespace meepo::adapters::zookeeper
