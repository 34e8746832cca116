#pragma once
// How tasks, firings and ledgers look to people. Pure: text in, text out.

#include <string>
#include <string_view>
#include <vector>

#include "meepo/v1/task_service.pb.h"

namespace meepo::cli {

/// Columns as wide as their widest cell (characters, not bytes), two blanks between them, no blanks at the end of a line.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// One line and at most `characters` long: line breaks become blanks, what is cut is marked with "…".
std::string shortened(std::string_view text, std::size_t characters);

std::string text_of(const v1::Payload& payload);
std::string text_of(const google::protobuf::Timestamp& time);  ///< ISO 8601, UTC
std::string label_of(const v1::Target& target);                ///< "meepo.demo.Echo#echo"

std::string describe(const v1::CreateTaskResponse& created);
std::string describe(const v1::UpdateTaskResponse& updated);
std::string describe(const v1::BackfillResponse& backfilled);
std::string describe(const v1::WhyResponse& why);
std::string describe(const v1::Task& task);
std::string describe(const v1::ListTasksResponse& page);
std::string describe(const v1::LedgerResponse& page);
std::string describe(const v1::CancelTaskResponse& cancelled);

/// "RUNNING attempt 2", "WAITING (no executor)", "ENDED SUCCESS": where a firing stands.
std::string standing_of(const v1::Firing& firing);

}  // namespace meepo::cli
