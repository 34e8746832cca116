// The Dubbo port as a peer sees it: octets in, octets out, over a socket.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "api/dubbo/dubbo_server.h"
#include "api/server.h"
#include "base/limits.h"
#include "protocol/dubbo/event.h"
#include "protocol/dubbo/exception.h"
#include "protocol/hessian2/json.h"

namespace meepo::api::test {
namespace {

namespace asio = boost::asio;
using hessian2::Document;
using hessian2::Value;
using testing::HasSubstr;

constexpr std::string_view kCreate =
    "Lorg/cheng/meepo/task/dto/ServiceInvokeParam;Lorg/cheng/meepo/task/constant/TaskType;Ljava/lang/String;";

std::string octets_of(std::string_view hex) {
  std::string octets;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) octets += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return octets;
}

/// A blocking consumer.
class Consumer {
 public:
  struct Answer {
    dubbo::FrameHeader header;
    std::string body;
    dubbo::Response response() const { return dubbo::decode_response(body).value(); }
    std::string text() const { return dubbo::decode_text(body); }
    /// The message of a TaskServiceException; "" if it is none.
    std::string refusal() const {
      if (header.status != 20) return {};
      const auto read = response();
      return read.thrown ? dubbo::exception_of(read.value)->message.value_or("") : "";
    }
  };

  explicit Consumer(const net::Address& address) { socket_.connect({asio::ip::make_address(address.host), address.port}); }
  void send(std::string_view octets) { asio::write(socket_, asio::buffer(octets)); }
  /// Nothing: the connection was closed.
  std::optional<Answer> receive() {
    std::string head(dubbo::kHeaderBytes, '\0');
    boost::system::error_code error;
    asio::read(socket_, asio::buffer(head), error);
    if (error) return std::nullopt;
    std::uint32_t length = 0;
    for (std::size_t i = 12; i < 16; ++i) length = length << 8U | static_cast<unsigned char>(head[i]);
    std::string body(length, '\0');
    asio::read(socket_, asio::buffer(body), error);
    if (error) return std::nullopt;
    dubbo::FrameReader reader;
    const std::string frame = head + body;
    std::string_view in = frame;
    const auto read = reader.next(in).value().value();
    return Answer{.header = read.header, .body = std::string(read.body)};
  }
  Answer ask(std::string_view octets) {
    send(octets);
    return receive().value();
  }
  Answer call(const dubbo::RequestHead& head, const std::vector<Value>& arguments, const dubbo::Attachments& attachments = {}) {
    return ask(frame(head, arguments, attachments));
  }
  static std::string frame(const dubbo::RequestHead& head, const std::vector<Value>& arguments,
                           const dubbo::Attachments& attachments = {}) {
    std::string out;
    dubbo::append_frame(out, {.request = true, .two_way = true, .id = 7}, dubbo::encode_request(head, arguments, attachments).value());
    return out;
  }

 private:
  asio::io_context io_;
  asio::ip::tcp::socket socket_{io_};
};

dubbo::RequestHead head_of(std::string method, std::string_view descriptor) {
  dubbo::RequestHead head;
  head.path = kTaskServiceInterface;
  head.method = std::move(method);
  head.descriptor = descriptor;
  return head;
}

class DubboTest : public testing::Test {
 protected:
  void serve(DubboTaskService::Settings settings, DubboLimits limits = {}) {
    dubbo_ = DubboServer::bind({.address = {.host = "127.0.0.1", .port = 0}, .limits = limits}).value();
    settings.server = "here:20881";
    service_.emplace(std::move(settings), server_.calls(), access_);
    dubbo_->start(*service_);
  }
  void serve() { serve({.server = {}, .is_open = true, .anonymous = {}}); }
  void TearDown() override {
    if (dubbo_) dubbo_->stop(milliseconds(5'000));
  }
  Consumer connect() const { return Consumer(dubbo_->bound()); }

  Value text(std::string_view utf8) { return document_.string(utf8); }
  Value service(std::string_view interface, Value params = {}, Value types = {}) {
    return document_.object("org.cheng.meepo.task.dto.ServiceInvokeParam", {{"interfaceName", text(interface)},
                                                                            {"methodName", text("settle")},
                                                                            {"version", Value()},
                                                                            {"paramsType", types},
                                                                            {"params", params},
                                                                            {"nextService", Value()}});
  }
  std::vector<Value> creation(Value service, std::string_view kind = "REAL", std::string_view define = "") {
    return {service, document_.object("org.cheng.meepo.task.constant.TaskType", {{"name", text(kind)}}), text(define)};
  }
  dubbo::Attachments attachments(std::initializer_list<std::pair<const char*, const char*>> pairs) {
    dubbo::Attachments out;
    for (const auto& [name, value] : pairs) out.entries.emplace_back(name, text(value));
    return out;
  }

  Document document_;
  Access access_ = access_with_tokens();
  Server server_;
  std::optional<DubboTaskService> service_;
  std::unique_ptr<DubboServer> dubbo_;
};

TEST_F(DubboTest, EveryRecordedCallOfThreeJavaLinesIsAnswered) {
  serve();
  auto consumer = connect();
  std::ifstream file(MEEPO_TASK_SERVICE_FRAMES);
  std::size_t created = 0;
  std::size_t refused = 0;
  for (std::string line; std::getline(file, line);) {
    const auto frame = boost::json::parse(line).as_object();
    const std::string description(frame.at("description").as_string());
    if (!description.starts_with("request") || !frame.contains("hex")) continue;
    const auto answer = consumer.ask(octets_of(frame.at("hex").as_string()));
    ASSERT_EQ(answer.header.status, 20) << description << ": " << answer.text();
    const auto response = answer.response();
    const bool creates = description.contains("create") && !description.contains("throws") && !description.contains("all arguments null");
    if (creates) {
      ASSERT_FALSE(response.thrown) << description << ": " << answer.refusal();
      EXPECT_EQ(response.value.text().size(), 19U);
      ++created;
    } else if (description.contains(" get,") || description.contains("get returns null")) {
      EXPECT_TRUE(response.value.is_null()) << description << ": no such task";
    } else if (description.contains("request list") || description.contains("generic list") || description.contains("search")) {
      EXPECT_EQ(response.value.kind(), hessian2::Kind::List) << description;
    } else if (response.thrown) {
      ++refused;
    }
  }
  EXPECT_EQ(created, server_.task_count());
  EXPECT_GT(created, 40U);
  EXPECT_GT(refused, 40U) << "ids that are none of ours";
}

TEST_F(DubboTest, ATaskComesBackAsItWasCreated) {
  serve();
  auto consumer = connect();
  const Value params = document_.list("[object", {Document::integer(3), Document::long_integer(3), Value(), document_.bytes("\xff")});
  const Value types = document_.list("[string", {text("int"), text("long"), text("java.lang.String"), text("byte[]")});
  const auto created = consumer.call(head_of("create", kCreate), creation(service("com.x.Pay", params, types), "LADDER", "3600,7200"),
                                     attachments({{"appId", "shop"}, {"meepo.runOnce", "true"}, {"meepo.name", "对账"}}));
  const std::string id(created.response().value.text());
  const auto got = consumer.call(head_of("get", "Ljava/lang/String;"), {text(id)});
  const auto context = got.response();
  EXPECT_EQ(context.value.type(), "org.cheng.meepo.task.dto.TaskContext");
  EXPECT_EQ(context.value.field("appId").text(), "shop");
  EXPECT_EQ(context.value.field("runOnce").number(), 1);
  EXPECT_EQ(context.value.field("taskStatus").field("name").text(), "SCHEDULE");
  EXPECT_EQ(context.value.field("scheduleServer").text(), "here:20881");
  const Value arguments = context.value.field("serviceInvokeParam").field("params");
  EXPECT_EQ(arguments.items()[0].kind(), hessian2::Kind::Int);
  EXPECT_EQ(arguments.items()[1].kind(), hessian2::Kind::Long);
  EXPECT_TRUE(arguments.items()[2].is_null());
  EXPECT_EQ(arguments.items()[3].kind(), hessian2::Kind::Bytes);
  const auto seen = server_.get_json("/v1/tasks/" + id).at("spec");
  EXPECT_EQ(seen.at("name").as_string(), "对账");
  EXPECT_EQ(boost::json::serialize(seen.at("target").at("service").at("params").at("json")), R"([3,3,null,"/w=="])");
}

TEST_F(DubboTest, SearchAndListFilterCancelEndsResultsAreRefusedBeforeAnythingRan) {
  serve();
  auto consumer = connect();
  std::vector<std::string> ids;
  for (const auto& [interface, app] : {std::pair("a.A", "one"), std::pair("a.B", "one"), std::pair("a.B", "two")}) {
    ids.emplace_back(
        consumer.call(head_of("create", kCreate), creation(service(interface)), attachments({{"appId", app}})).response().value.text());
  }
  const auto count = [&](const dubbo::RequestHead& head, const std::vector<Value>& arguments, const dubbo::Attachments& more) {
    return consumer.call(head, arguments, more).response().value.items().size();
  };
  EXPECT_EQ(count(head_of("list", ""), {}, {}), 3U);
  EXPECT_EQ(count(head_of("list", ""), {}, attachments({{"appId", "one"}})), 2U);
  const auto search = head_of("search", "Lorg/cheng/meepo/task/dto/ServiceInvokeParam;");
  EXPECT_EQ(count(search, {service("a.B")}, {}), 2U);
  EXPECT_EQ(count(search, {service("a.B")}, attachments({{"appId", "two"}})), 1U);
  EXPECT_EQ(count(search, {Value()}, {}), 3U);
  EXPECT_EQ(count(search, {service("none.X")}, {}), 0U);
  const auto cancel = head_of("cancel", "Ljava/lang/String;");
  EXPECT_EQ(consumer.call(cancel, {text(ids[0])}).response().value.number(), 1);
  EXPECT_EQ(consumer.call(cancel, {text(ids[0])}).response().value.number(), 1) << "it may be repeated";
  EXPECT_TRUE(consumer.call(head_of("getResult", "Ljava/lang/String;"), {text(ids[1])}).response().value.is_null());
  const auto saved = consumer.call(head_of("saveResult", "Ljava/lang/String;Ljava/lang/Object;"), {text(ids[1]), text("r")});
  EXPECT_THAT(saved.refusal(), HasSubstr("no firing that began"));
  EXPECT_THAT(consumer.call(cancel, {text("0123456789abcdefghj")}).refusal(), HasSubstr("no task"));
}

TEST_F(DubboTest, WhatIsNotServedIsRefusedByNameAndTheConnectionGoesOn) {
  serve();
  auto consumer = connect();
  auto other = head_of("list", "");
  other.path = "a.B";
  auto versioned = head_of("list", "");
  versioned.service_version = "1.0.0";
  struct Case {
    dubbo::RequestHead head;
    std::vector<Value> arguments;
    dubbo::Attachments attachments;
    int status;
    const char* says;
  };
  const auto generic = head_of("$invoke", dubbo::kInvokeDescriptor);
  const std::vector<Value> unknown{text("drop"), document_.list("[string", {}), document_.list("[object", {})};
  for (const auto& [head, arguments, more, status, says] :
       {Case{other, {}, {}, 40, "\"a.B\""}, Case{versioned, {}, {}, 40, "\"1.0.0\""}, Case{head_of("drop", ""), {}, {}, 40, "getResult("},
        Case{head_of("get", "I"), {Document::integer(1)}, {}, 40, "\"get\"(\"I\")"},
        Case{head_of("list", ""), {}, attachments({{"group", "g"}}), 70, "\"g\""}, Case{generic, unknown, {}, 70, "\"drop\""}}) {
    const auto answer = consumer.call(head, arguments, more);
    EXPECT_EQ(answer.header.status, status);
    EXPECT_THAT(answer.text(), HasSubstr(says));
  }
  const auto create = head_of("create", kCreate);
  const auto refusal = [&](const std::vector<Value>& arguments, const dubbo::Attachments& more) {
    return consumer.call(create, arguments, more).refusal();
  };
  for (const char* interface : {"a/B", "..", "*", "a||b", ""}) {
    EXPECT_THAT(refusal(creation(service(interface)), {}), HasSubstr("target.service.interface")) << interface;
  }
  EXPECT_THAT(refusal(creation(service("a.B"), "LADDER", "x"), {}), HasSubstr("define"));
  EXPECT_THAT(refusal(creation(service("a.B"), "PLAN", "0 1 * * ?"), {}), HasSubstr("define: "));
  EXPECT_THAT(refusal(creation(service("a.B"), "HOURLY"), {}), HasSubstr("taskType"));
  EXPECT_THAT(refusal(creation(service("a.B")), attachments({{"meepo.retrys", "1"}})), HasSubstr("meepo.retrys"));
  const std::string large(limits::kPayloadBytesMax, 'x');
  EXPECT_THAT(refusal(creation(service("a.B", document_.list("[object", {text(large)}))), {}), HasSubstr("target.service.params"));
  EXPECT_EQ(server_.task_count(), 0U);
  EXPECT_EQ(refusal(creation(service("a.B", document_.list("[object", {text(std::string(1U << 20U, 'x'))}))), {}), "")
      << "1 MiB and its encoding";
}

TEST_F(DubboTest, ARepeatedRequestIdAnswersTheFirstTask) {
  serve();
  auto consumer = connect();
  const auto create = [&](std::string_view interface) {
    return consumer.call(head_of("create", kCreate), creation(service(interface)),
                         attachments({{"appId", "shop"}, {"meepo.requestId", "r"}}));
  };
  const auto first = create("a.B");
  EXPECT_EQ(create("a.B").response().value.text(), first.response().value.text());
  EXPECT_THAT(create("a.C").refusal(), HasSubstr("request id"));
  EXPECT_EQ(server_.task_count(), 1U);
}

TEST_F(DubboTest, WithoutATokenOnlyRulesLetIn) {
  serve({.server = {}, .is_open = false, .anonymous = AnonymousRules::parse({"shop=client@127.0.0.0/8", "eyes=reader@127.0.0.1"}).value()});
  auto consumer = connect();
  struct Case {
    std::initializer_list<std::pair<const char*, const char*>> attachments;
    const char* refusal_of_create;
    const char* refusal_of_list;
  };
  for (const auto& [pairs, of_create, of_list] :
       {Case{{}, "--dubbo-anonymous", "--dubbo-anonymous"}, Case{{{"appId", "other"}}, "other=client@127.0.0.1", "it has no token"},
        Case{{{"appId", "shop"}}, "", ""}, Case{{{"remote.application", "shop"}}, "", ""},
        Case{{{"appId", "eyes"}}, "lacks the permission", ""}, Case{{{"meepo.token", kClientToken}}, "", ""},
        Case{{{"meepo.token", kReaderToken}}, "reader lacks", ""},
        Case{{{"meepo.token", "wrong"}, {"appId", "shop"}}, "not known", "not known"}}) {
    const auto more = attachments(pairs);
    const auto created = consumer.call(head_of("create", kCreate), creation(service("a.B")), more).refusal();
    const auto listed = consumer.call(head_of("list", ""), {}, more).refusal();
    EXPECT_THAT(created, *of_create == '\0' ? testing::Matcher<std::string>(testing::IsEmpty()) : HasSubstr(of_create));
    EXPECT_THAT(listed, *of_list == '\0' ? testing::Matcher<std::string>(testing::IsEmpty()) : HasSubstr(of_list));
  }
}

TEST_F(DubboTest, ATokenThatNobodyGaveOutOpensNothing) {
  access_ = {};
  serve({.server = {}, .is_open = false, .anonymous = AnonymousRules::parse({"shop=client@127.0.0.0/8"}).value()});
  auto consumer = connect();
  const auto create = [&](std::initializer_list<std::pair<const char*, const char*>> more) {
    return consumer.call(head_of("create", kCreate), creation(service("a.B")), attachments(more)).refusal();
  };
  EXPECT_THAT(create({{"meepo.token", kAdminToken}, {"appId", "other"}}), HasSubstr("no token is known here"));
  EXPECT_EQ(create({{"meepo.token", kAdminToken}, {"appId", "shop"}}), "") << "the rule lets it in";
}

TEST_F(DubboTest, NoiseClosesItsConnectionAndNoOther) {
  serve();
  auto good = connect();
  for (const std::string& noise :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("status\r\n"), std::string("\x16\x03\x01\x02\x00\x01", 6),
        std::string("\xda\xbb\xc2\x00", 4) + std::string(8, '\0') + std::string("\xff\xff\xff\xff", 4)}) {
    auto bad = connect();
    bad.send(noise);
    const auto answer = bad.receive();
    if (answer) EXPECT_NE(answer->header.status, 20);
    EXPECT_FALSE(answer && bad.receive()) << "it is closed behind its answer";
    EXPECT_EQ(good.call(head_of("list", ""), {}).header.status, 20);
  }
}

TEST_F(DubboTest, OneConnectionOverTheLimitIsClosed) {
  serve({.server = {}, .is_open = true, .anonymous = {}}, {.connections = 2});
  auto first = connect();
  auto second = connect();
  EXPECT_EQ(first.call(head_of("list", ""), {}).header.status, 20);
  EXPECT_EQ(second.call(head_of("list", ""), {}).header.status, 20);
  auto third = connect();
  EXPECT_FALSE(third.receive());
  EXPECT_EQ(first.call(head_of("list", ""), {}).header.status, 20);
}

TEST_F(DubboTest, UnfinishedFramesAreBounded_TheOneThatHoldsMostGoes) {
  serve({.server = {}, .is_open = true, .anonymous = {}}, {.held_bytes = 1U << 20U});
  auto small = connect();
  auto large = connect();
  const auto frame = Consumer::frame(head_of("list", ""), {});
  small.send(frame.substr(0, frame.size() - 1));
  std::string endless("\xda\xbb\xc2\x00", 4);
  endless += std::string(8, '\0') + std::string("\x00\x7f\xff\xff", 4);
  large.send(endless + std::string(1U << 20U, 'x'));
  EXPECT_FALSE(large.receive());
  EXPECT_EQ(small.ask(frame.substr(frame.size() - 1)).header.status, 20);
}

TEST_F(DubboTest, ReadingPausesWhileTooMuchWaitsForAnswers_AndGoesOn) {
  serve({.server = {}, .is_open = true, .anonymous = {}}, {.served_bytes = 1});
  auto consumer = connect();
  const auto frame = Consumer::frame(head_of("list", ""), {});
  std::string many;
  for (int i = 0; i < 100; ++i) many += frame;
  consumer.send(many);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(consumer.receive().value().header.status, 20);
}

TEST_F(DubboTest, AStopIsSaidFirst_ThenAnswersThenTheEnd) {
  serve();
  auto consumer = connect();
  EXPECT_EQ(consumer.call(head_of("list", ""), {}).header.status, 20);
  std::thread stopping([this] { dubbo_->stop(milliseconds(5'000)); });
  const auto notice = consumer.receive().value();
  EXPECT_TRUE(notice.header.event);
  EXPECT_EQ(notice.body, dubbo::kReadOnlyBody);
  EXPECT_EQ(consumer.call(head_of("list", ""), {}).header.status, 20) << "what was on its way is answered";
  EXPECT_FALSE(consumer.receive());
  stopping.join();
}

}  // namespace
}  // namespace meepo::api::test
