// The invoker of HTTP targets against real servers in this process.
#include "adapters/http/http_invoker.h"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <mutex>

#include "adapters/http/tests/tls_server.h"
#include "net/http_server.h"
#include "tests/support/played_context.h"

namespace meepo::adapters::http {
namespace {

constexpr std::chrono::seconds kPatience{20};

/// Answers by path; the last request is kept.
class Service {
 public:
  Service() {
    auto started = net::HttpServer::start({.address = {.host = "127.0.0.1", .port = 0}},
                                          {.head = {}, .request = [this](net::HttpRequest request, net::Respond respond) {
                                             handle(std::move(request), std::move(respond));
                                           }});
    if (!started) ADD_FAILURE() << started.error().message;
    server_ = *std::move(started);
  }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(server_->bound().port) + path; }
  std::string rule() const { return "127.0.0.1:" + std::to_string(server_->bound().port); }
  net::HttpRequest last() {
    const std::scoped_lock lock(mutex_);
    return last_;
  }
  int calls() {
    const std::scoped_lock lock(mutex_);
    return calls_;
  }
  void wait_until_held() { held_.get_future().wait(); }

  std::map<std::string, net::HttpResponse> answers;  ///< before the first call

 private:
  void handle(net::HttpRequest request, net::Respond respond) {
    const std::scoped_lock lock(mutex_);
    ++calls_;
    last_ = request;
    if (request.path == "/hold") {
      hold_.push_back(std::move(respond));
      held_.set_value();
      return;
    }
    const auto found = answers.find(request.path);
    respond(found != answers.end() ? found->second
                                   : net::HttpResponse{.status = 404, .content_type = "text/plain", .body = "no such path", .headers = {}});
  }

  std::mutex mutex_;
  net::HttpRequest last_;
  int calls_ = 0;
  std::vector<net::Respond> hold_;
  std::promise<void> held_;
  std::unique_ptr<net::HttpServer> server_;
};

class HttpInvokerTest : public testing::Test {
 protected:
  void start(const std::vector<std::string>& rules, HttpInvoker::Options options = {}) {
    for (const auto& rule : rules) ASSERT_TRUE(options.rules.allow(rule));
    auto started = HttpInvoker::start(std::move(options));
    ASSERT_TRUE(started) << started.error().message;
    invoker_ = *std::move(started);
  }
  ports::InvokeResult call(std::string url, std::string method = "GET", std::string body = "") {
    auto result = begin(std::move(url), std::move(method), std::move(body));
    if (result.wait_for(kPatience) != std::future_status::ready) {
      ADD_FAILURE() << "no answer";
      return {};
    }
    return result.get();
  }
  std::future<ports::InvokeResult> begin(std::string url, std::string method = "GET", std::string body = "") {
    HttpTarget target{.method = std::move(method), .url = std::move(url)};
    target.body = {.encoding = Encoding::Json, .data = std::move(body)};
    auto promise = std::make_shared<std::promise<ports::InvokeResult>>();
    auto future = promise->get_future();
    invoker_->invoke(
        {.target = std::move(target), .app_id = "billing", .context = context_}, [this] { ++started_; },
        [promise](ports::InvokeResult result) { promise->set_value(std::move(result)); });
    return future;
  }

  Service service_;
  std::shared_ptr<test::PlayedContext> context_ = std::make_shared<test::PlayedContext>();
  std::atomic<int> started_ = 0;
  std::unique_ptr<HttpInvoker> invoker_;
};

TEST_F(HttpInvokerTest, APostArrivesAndItsAnswerIsTheResult) {
  service_.answers["/settle"] = {.status = 200, .content_type = "application/json", .body = "{\"paid\":0.10}", .headers = {}};
  start({service_.rule()}, {.rules = {}, .signing_key = "key", .limits = {}, .trusted_file = {}});
  const auto result = call(service_.url("/settle?x=1"), "POST", "{\"order\":7}");
  EXPECT_EQ(result.outcome, Outcome::Success) << result.error;
  EXPECT_EQ(result.result->data, "{\"paid\":0.10}");
  EXPECT_EQ(started_, 1);
  const auto seen = service_.last();
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.body, "{\"order\":7}");
  EXPECT_EQ(seen.header("meepo-firing-id"), context_->id().text());
  EXPECT_EQ(seen.header("host"), service_.rule());
  const std::string sent(seen.header("meepo-signature"));
  const auto now = std::stoll(sent.substr(2));
  EXPECT_EQ(sent, signature("key", now, "POST", "/settle?x=1", context_->id().text(), "{\"order\":7}"));
}

TEST_F(HttpInvokerTest, AnErrorStatusFailsWithTheStatusAndTheBody) {
  start({service_.rule()});
  const auto result = call(service_.url("/nowhere"));
  EXPECT_EQ(result.outcome, Outcome::Fail);
  EXPECT_NE(result.error.find("answered 404: no such path"), std::string::npos);
}

TEST_F(HttpInvokerTest, LoopbackIsNotReachedUnlessAllowed_UnderNoName) {
  start({});
  for (const auto& url : {service_.url("/settle"), "http://localhost:" + service_.rule().substr(10) + "/settle"}) {
    const auto result = call(url);
    EXPECT_EQ(result.outcome, Outcome::Fail);
    EXPECT_NE(result.error.find("--http-allow"), std::string::npos) << result.error;
  }
  EXPECT_EQ(service_.calls(), 0);
}

TEST_F(HttpInvokerTest, ARedirectIsFollowedWhereItMay_AndNotWhereItMayNot) {
  Service other;
  other.answers["/there"] = {.status = 200, .content_type = "text/plain", .body = "there", .headers = {}};
  service_.answers["/here"] = {.status = 307, .content_type = "text/plain", .body = "", .headers = {{"Location", "/there"}}};
  service_.answers["/there"] = {.status = 200, .content_type = "text/plain", .body = "here", .headers = {}};
  service_.answers["/away"] = {.status = 302, .content_type = "text/plain", .body = "", .headers = {{"Location", other.url("/there")}}};
  service_.answers["/round"] = {.status = 302, .content_type = "text/plain", .body = "", .headers = {{"Location", "/round"}}};
  start({service_.rule()}, {.rules = {}, .signing_key = "key", .limits = {}, .trusted_file = {}});
  EXPECT_EQ(call(service_.url("/here")).result->data, "here");
  EXPECT_FALSE(service_.last().header("meepo-signature").empty());
  const auto refused = call(service_.url("/away"));
  EXPECT_EQ(refused.outcome, Outcome::Fail);
  EXPECT_NE(refused.error.find("--http-allow"), std::string::npos) << "a redirect is no way around the rules";
  EXPECT_EQ(other.calls(), 0);
  const int before = service_.calls();
  EXPECT_NE(call(service_.url("/round")).error.find("redirects"), std::string::npos);
  EXPECT_EQ(service_.calls() - before, HttpInvoker::kRedirectsMax + 1);
}

TEST_F(HttpInvokerTest, ACancelCutsTheRequestOff) {
  start({service_.rule()});
  auto result = begin(service_.url("/hold"));
  service_.wait_until_held();
  context_->cancel();
  ASSERT_EQ(result.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(result.get().outcome, Outcome::Stopped);
  EXPECT_EQ(call(service_.url("/settle")).outcome, Outcome::Stopped) << "cancelled before: nothing is sent";
  EXPECT_EQ(service_.calls(), 1);
}

TEST_F(HttpInvokerTest, WhatCannotBeReachedFailsAndSaysWhy) {
  std::string gone;
  {
    const Service short_lived;
    gone = short_lived.url("/");
  }
  start({"127.0.0.1", "nowhere.invalid"});
  EXPECT_NE(call(gone).error.find("connecting"), std::string::npos);
  EXPECT_NE(call("http://nowhere.invalid/").error.find("looking the host up"), std::string::npos);
}

TEST_F(HttpInvokerTest, AReplyOneByteTooLongFails) {
  service_.answers["/fits"] = {.status = 200, .content_type = "text/plain", .body = std::string(1'000, 'x'), .headers = {}};
  service_.answers["/over"] = {.status = 200, .content_type = "text/plain", .body = std::string(1'001, 'x'), .headers = {}};
  start({service_.rule()}, {.rules = {}, .signing_key = {}, .limits = {.body_bytes = 1'000}, .trusted_file = {}});
  EXPECT_EQ(call(service_.url("/fits")).outcome, Outcome::Success);
  const auto result = call(service_.url("/over"));
  EXPECT_EQ(result.outcome, Outcome::Fail);
  EXPECT_NE(result.error.find("longer than 1000 bytes"), std::string::npos);
}

TEST_F(HttpInvokerTest, GoingAwayWithARequestUnderWayLeavesNothing) {
  start({service_.rule()});
  auto result = begin(service_.url("/hold"));
  service_.wait_until_held();
  invoker_.reset();
  EXPECT_THROW(result.get(), std::future_error) << "nobody was told";
}

TEST_F(HttpInvokerTest, HttpsTrustsOnlyKnownAuthoritiesAndTheRightName) {
  const TlsServer server;
  const std::string by_name = "https://localhost:" + std::to_string(server.port()) + "/";
  const std::string by_address = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
  start({"127.0.0.1", "localhost"});
  EXPECT_NE(call(by_name).error.find("TLS handshake"), std::string::npos) << "nobody vouches for it";
  start({"127.0.0.1", "localhost"}, {.rules = {}, .signing_key = {}, .limits = {}, .trusted_file = server.certificate_file()});
  const auto result = call(by_name);
  EXPECT_EQ(result.outcome, Outcome::Success) << result.error;
  ASSERT_TRUE(result.result);
  EXPECT_EQ(result.result->data, "secret");
  EXPECT_NE(call(by_address).error.find("TLS handshake"), std::string::npos) << "the certificate is for another name";
}

}  // namespace
}  // namespace meepo::adapters::http
