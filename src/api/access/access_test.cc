#include "api/access/access.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace meepo::api {
namespace {

const std::string kReader(32, 'r');
const std::string kClient(40, 'c');
const std::string kExecutor(32, 'e');
const std::string kAdmin(32, 'a');

class TokenFile {
 public:
  explicit TokenFile(const std::string& text, mode_t mode = 0600)
      : path_(std::filesystem::temp_directory_path() / fmt::format("meepo_tokens_{}_{}", getpid(), ++made_)) {
    std::ofstream(path_) << text;
    chmod(path_.c_str(), mode);
  }
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;
  ~TokenFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_; }

 private:
  static inline int made_ = 0;
  std::filesystem::path path_;
};

Access with_all_roles() {
  const TokenFile file("# who\n\n" + kReader + " reader\n  " + kClient + "\tclient  the billing team \r\n" + kExecutor + " executor x\n" +
                       kAdmin + " admin");
  auto access = Access::from_file(file.path());
  if (!access) ADD_FAILURE() << access.error().message;
  return *std::move(access);
}

TEST(Access, WithoutATokenFileEverythingIsAllowed) {
  const Access open;
  EXPECT_FALSE(open.required());
  EXPECT_TRUE(open.check("", Permission::TasksWrite));
  EXPECT_TRUE(open.check("Bearer whatever", Permission::ExecutorConnect));
}

TEST(Access, EachRoleHasItsPermissionsAndNoOther) {
  const auto access = with_all_roles();
  EXPECT_TRUE(access.required());
  struct Case {
    const std::string& token;
    std::vector<Permission> allowed;
  };
  const std::vector<Permission> all = {Permission::TasksRead, Permission::TasksWrite, Permission::ExecutorConnect, Permission::AdminRead};
  for (const auto& [token, allowed] : {Case{kReader, {Permission::TasksRead, Permission::AdminRead}},
                                       Case{kClient, {Permission::TasksRead, Permission::TasksWrite, Permission::AdminRead}},
                                       Case{kExecutor, {Permission::ExecutorConnect}}, Case{kAdmin, all}}) {
    for (const auto permission : all) {
      const auto caller = access.check("Bearer " + token, permission);
      const bool wanted = std::ranges::find(allowed, permission) != allowed.end();
      EXPECT_EQ(caller.has_value(), wanted) << token << " " << to_string(permission);
      if (!caller) {
        EXPECT_EQ(caller.error().code, Code::Forbidden);
        EXPECT_NE(caller.error().message.find(to_string(permission)), std::string::npos) << caller.error().message;
      }
    }
    EXPECT_TRUE(access.check("", Permission::Public));
  }
  EXPECT_NE(access.check("Bearer " + kReader, Permission::TasksWrite).error().message.find("reader"), std::string::npos);
  EXPECT_EQ(access.check("bearer " + kClient, Permission::TasksRead)->name, "the billing team");
}

TEST(Access, AMissingOrUnknownTokenIsUnauthenticated) {
  const auto access = with_all_roles();
  for (const auto& value : {std::string(), std::string("Bearer"), std::string("Bearer "), "Basic " + kAdmin, kAdmin,
                            "Bearer " + kAdmin + "x", "Bearer " + kAdmin.substr(1), "Bearer  " + kAdmin, std::string("Bearer # who")}) {
    const auto caller = access.check(value, Permission::TasksRead);
    ASSERT_FALSE(caller) << value;
    EXPECT_EQ(caller.error().code, Code::Unauthenticated);
    EXPECT_EQ(caller.error().message.find(kAdmin), std::string::npos);
  }
}

TEST(Access, ATokenOfThisProcessIsTakenBesideTheFile) {
  auto access = with_all_roles();
  access.add_token("inside", Role::Executor, "inside");
  EXPECT_TRUE(access.check("Bearer inside", Permission::ExecutorConnect));
  EXPECT_FALSE(access.check("Bearer inside", Permission::TasksRead));
  Access open;
  open.add_token("inside", Role::Executor, "inside");
  EXPECT_FALSE(open.required());
}

TEST(Access, ABadTokenFileIsRefusedNamingTheLine) {
  struct Case {
    std::string text;
    mode_t mode;
    std::vector<std::string> message;
  };
  const Case cases[] = {
      {kAdmin + " admin\n", 0640, {"0640", "chmod 600"}},
      {kAdmin + " admin\n", 0604, {"0604", "chmod 600"}},
      {kAdmin + " admin\n" + std::string(31, 'x') + " admin\n", 0600, {"line 2", "31 characters", "32"}},
      {std::string(513, 'x') + " admin\n", 0600, {"line 1", "513 characters"}},
      {"\n" + kAdmin + " root\n", 0600, {"line 2", "\"root\"", "reader, client, executor or admin"}},
      {kAdmin + "\n", 0600, {"line 1", "reader, client, executor or admin"}},
      {kAdmin + " admin\n" + kAdmin + " reader\n", 0600, {"line 2", "earlier line"}},
      {std::string(32, '\xE4') + " admin\n", 0600, {"line 1", "visible ASCII"}},
      {"# nothing\n\n", 0600, {"no token"}},
  };
  for (const auto& [text, mode, message] : cases) {
    const TokenFile file(text, mode);
    const auto access = Access::from_file(file.path());
    ASSERT_FALSE(access) << text;
    EXPECT_EQ(access.error().code, Code::InvalidArgument);
    EXPECT_NE(access.error().message.find(file.path()), std::string::npos);
    EXPECT_EQ(access.error().message.find(kAdmin), std::string::npos) << "a token is in the message";
    for (const auto& part : message) EXPECT_NE(access.error().message.find(part), std::string::npos) << access.error().message;
  }
  EXPECT_NE(Access::from_file("/nowhere/tokens").error().message.find("/nowhere/tokens"), std::string::npos);
  EXPECT_NE(Access::from_file("/tmp").error().message.find("not a file"), std::string::npos);
}

TEST(Access, OnlyLoopbackMayBeBoundWithoutTokens) {
  const Access open;
  for (const auto* host : {"127.0.0.1", "::1", "localhost"}) EXPECT_TRUE(check_bind(host, open, "--http"));
  for (const auto* host : {"0.0.0.0", "::", "10.0.0.1", "example.com"}) {
    const auto allowed = check_bind(host, open, "--grpc");
    ASSERT_FALSE(allowed) << host;
    EXPECT_NE(allowed.error().message.find("--grpc"), std::string::npos);
    EXPECT_NE(allowed.error().message.find(host), std::string::npos);
    EXPECT_NE(allowed.error().message.find("--token-file"), std::string::npos);
    EXPECT_TRUE(check_bind(host, with_all_roles(), "--grpc"));
  }
}

}  // namespace
}  // namespace meepo::api
