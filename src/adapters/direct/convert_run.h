#pragma once
// The one mapper between direct dispatch's messages and the structs of ports/dispatch.h, both ways. Every incoming value is checked:
// an error is InvalidArgument, or Exhausted for a limit, and its `field` is the path in the message ("ends[3].run.token").

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "meepo/v1/executor_service.pb.h"
#include "ports/dispatch.h"

namespace meepo::adapters::direct {

/// One message of an executor.
struct FromExecutor {
  std::optional<ports::ExecutorHello> hello;
  std::vector<ports::RunRef> started;
  std::vector<ports::RunRenewal> renewals;
  std::vector<ports::RunEnd> ends;
  std::vector<ports::RunRef> handed_back;
  std::uint32_t credits = 0;
  std::uint64_t time_question = 0;  ///< 0: none
  std::optional<std::vector<std::string>> offer;  ///< the target keys that it serves from now on
};

/// One message of a scheduler.
struct ToExecutor {
  std::optional<SysTime> welcome;  ///< the store's time
  std::vector<ports::EndVerdict> end_verdicts;
  std::vector<ports::RenewVerdict> renew_verdicts;
  std::vector<ports::Run> runs;
  std::vector<ports::RunRef> cancel_asked;
  struct StoreTime {
    std::uint64_t question = 0;
    ports::ExactTime now;
  };
  std::optional<StoreTime> store_time;
};

/// `first`: the stream's first message carries the hello or welcome, no other one may.
Result<FromExecutor> read(const v1::FromExecutor& message, bool first);
Result<ToExecutor> read(const v1::ToExecutor& message, bool first);

// Each fills an empty message and answers about how many bytes it takes on the wire.
std::size_t write(const ports::RunRef& run, v1::RunRef& out);
std::size_t write(const ports::RunEnd& end, v1::RunEnd& out);
std::size_t write(const ports::RunRenewal& renewal, v1::RunRenewal& out);
std::size_t write(const ports::Run& run, v1::Run& out);
std::size_t write(const ports::EndVerdict& verdict, v1::EndVerdict& out);
std::size_t write(const ports::RenewVerdict& verdict, v1::RenewVerdict& out);

}  // namespace meepo::adapters::direct
