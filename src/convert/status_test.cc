#include "convert/status.h"

#include <gtest/gtest.h>

#include <array>

namespace meepo::convert {
namespace {

constexpr std::array kCodes = {Code::InvalidArgument, Code::NotFound,   Code::Conflict,    Code::Unauthenticated,
                               Code::Forbidden,       Code::Fenced,     Code::Unavailable, Code::Timeout,
                               Code::Unknown,         Code::Corruption, Code::Exhausted,   Code::Internal};

TEST(Status, EveryCodeSurvivesTheWayThroughGrpc) {
  for (const auto code : kCodes) {
    const Error error{.code = code, .message = "create: \"x\" 任务; expected y", .field = "target.service.method", .cause = {}};
    const auto status = to_status(error);
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status.error_message(), error.message);
    EXPECT_EQ(error_from(status), error) << to_string(code);
    EXPECT_EQ(error_from(to_proto(error)), error) << to_string(code);
  }
}

TEST(Status, TwoCodesNeverShareOneGrpcCode) {
  std::vector<int> seen;
  for (const auto code : kCodes) seen.push_back(to_status({.code = code, .message = "m", .field = {}, .cause = {}}).error_code());
  std::ranges::sort(seen);
  EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end());
}

TEST(Status, ALongMessageIsCutBetweenCharactersSoThatTheTrailersFit) {
  std::string message;
  while (message.size() < 20'000) message += "任";
  const auto status = to_status({.code = Code::InvalidArgument, .message = message, .field = "define", .cause = {}});
  EXPECT_LT(status.error_message().size() * 3 + status.error_details().size() * 4 / 3, 8'000U);
  const auto error = error_from(status);
  EXPECT_EQ(error.code, Code::InvalidArgument);
  EXPECT_EQ(error.field, "define");
  EXPECT_TRUE(error.message.ends_with("任…"));
  EXPECT_EQ((error.message.size() - std::string("…").size()) % 3, 0U);
}

TEST(Status, AStatusOfGrpcItselfGetsTheNearestCode) {
  EXPECT_EQ(error_from(grpc::Status(grpc::StatusCode::UNAVAILABLE, "failed to connect to all addresses")).code, Code::Unavailable);
  EXPECT_EQ(error_from(grpc::Status(grpc::StatusCode::UNAVAILABLE, "Socket closed")).code, Code::Unknown);
  EXPECT_EQ(error_from(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "d")).code, Code::Timeout);
  EXPECT_EQ(error_from(grpc::Status(grpc::StatusCode::CANCELLED, "c")).code, Code::Unknown);
  EXPECT_EQ(error_from(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too big")).code, Code::Exhausted);
  EXPECT_EQ(error_from(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "u")).code, Code::Internal);
}

TEST(Status, DetailsThatAreGarbageAreIgnored) {
  const auto error = error_from(grpc::Status(grpc::StatusCode::NOT_FOUND, "gone", std::string("\xff\xff\x01", 3)));
  EXPECT_EQ(error, (Error{.code = Code::NotFound, .message = "gone", .field = {}, .cause = {}}));
}

}  // namespace
}  // namespace meepo::convert
