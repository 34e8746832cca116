#pragma once
// Every limit that more than one module must agree on: named, with unit and reason. Input is refused at the limit, never cut,
// except where the name says `kept`.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace meepo::limits {

using std::chrono::milliseconds;

// What a task may carry.
/// Params of one target, result of one attempt: 1 MiB, and 4 KiB for what an encoding adds to a text of that length.
inline constexpr std::size_t kPayloadBytesMax = (std::size_t{1} << 20U) + (std::size_t{4} << 10U);
inline constexpr std::size_t kNameCharsMax = 255;                        ///< interface, method, version, group, app id, labels …
inline constexpr std::size_t kTaskNameCharsMax = 255;                    ///< UTF-8 bytes of a task's own name
inline constexpr std::size_t kKeyCharsMax = 255;                         ///< request id, unique key
inline constexpr std::size_t kParamTypesMax = 255;                       ///< the most parameters a JVM method takes
inline constexpr std::size_t kLabelsMax = 32;
inline constexpr std::size_t kChainDepthMax = 32;                        ///< targets in `next`
inline constexpr std::size_t kUrlBytesMax = 8UL << 10U;
inline constexpr std::size_t kTargetHeadersMax = 64;                     ///< of an http target
inline constexpr std::size_t kTargetHeaderBytesMax = 16UL << 10U;        ///< all names and values together
inline constexpr std::size_t kCommandArgumentsMax = 1'000;
inline constexpr std::size_t kCommandVariablesMax = 256;                 ///< of a command's environment
inline constexpr std::size_t kCommandBytesMax = 128UL << 10U;            ///< argv and env together: Linux's limit for a single argument
inline constexpr std::size_t kLadderRungsMax = 1'000;
inline constexpr std::chrono::days kLadderSpanMax{366};                  ///< of one rung's offset from creation
inline constexpr std::uint32_t kRetriesMax = 1'000;
inline constexpr std::chrono::days kRetryDelayMax{31};
inline constexpr milliseconds kTimeoutDefault{60'000};
inline constexpr milliseconds kTimeoutMin{1};
inline constexpr std::chrono::days kTimeoutMax{7};
inline constexpr std::int32_t kPriorityMax = 9;                          ///< 0 … 9, higher first; default 5

// What an attempt may report. More is cut at the end, with a mark, because a report must never be refused.
inline constexpr std::size_t kErrorBytesKept = 8UL << 10U;
inline constexpr std::size_t kProgressBytesKept = 1UL << 10U;
inline constexpr std::size_t kLogLineBytesKept = 4UL << 10U;
inline constexpr std::size_t kLogBytesKept = 64UL << 10U;                ///< per attempt
inline constexpr std::size_t kAttemptsKept = 32;                         ///< per firing, the newest

// Time.
inline constexpr milliseconds kMisfireAfter{60'000};  ///< a waiting tick later than this is a misfire; TIMING: how old at most
inline constexpr std::uint32_t kMisfireTicksMax = 100'000;  ///< of misfire `all`
inline constexpr std::chrono::days kMisfireWindowMax{366};
inline constexpr std::size_t kBufferedTicksMax = 1'000;  ///< of overlap `buffer all`
inline constexpr std::chrono::hours kJitterMax{24};
inline constexpr std::size_t kDefineBytesMax = 1'024;  ///< of TIMING and PLAN
inline constexpr std::size_t kBackfillTicksMax = 1'000;  ///< ticks of one backfill
inline constexpr std::uint32_t kRerunsMax = 1'000;  ///< of one tick
inline constexpr milliseconds kClockStepAlert{2'000};  ///< a larger step of the store's clock is an alert

// Retention: what is kept at least. The server's options change it.
inline constexpr std::chrono::days kEndedTasksKept{7};
inline constexpr std::uint64_t kEndedTasksMax = 1'000'000;  ///< over all shards
inline constexpr std::chrono::days kRowsKept{90};  ///< of a living task
inline constexpr std::uint64_t kRowsOfTaskMax = 10'000;  ///< of a living task

// Requests.
inline constexpr std::size_t kBatchItemsMax = 10'000;  ///< tasks in one CreateBatch
inline constexpr std::size_t kHttpBodyBytesMax = 32UL << 20U;
inline constexpr std::size_t kHttpHeaderBytesMax = 32UL << 10U;
inline constexpr std::size_t kGrpcMessageBytesMax = 32UL << 20U;
inline constexpr int kJsonDepthMax = 64;
inline constexpr std::size_t kPageSizeMax = 1'000;
inline constexpr std::size_t kPageSizeDefault = 50;
inline constexpr std::size_t kCreatesWaitingMax = 50'000;  ///< accepted, not yet written, about a second's work; more: Exhausted

// The scheduler.
inline constexpr milliseconds kWheelHorizon{30'000};
inline constexpr std::size_t kWheelEntriesMax = 200'000;  ///< over all shards of a loop; the store keeps the rest
inline constexpr std::size_t kReadyPerTargetMax = 20'000;  ///< due and without a credit; more are parked (backlog)
inline constexpr milliseconds kClaimLease{10'000};
inline constexpr milliseconds kClaimAhead{400};  ///< planned ticks are claimed and sent so long before they are due
/// Of an executor's credits one in so many, from 1 to kCreditsKeptMost, is not taken ahead: what is due meanwhile needs one.
inline constexpr std::uint32_t kCreditsKeptShare = 8;
inline constexpr std::uint32_t kCreditsKeptMost = 16;
inline constexpr milliseconds kRunLease{15'000};
inline constexpr milliseconds kPurgeEvery{1'000};
inline constexpr milliseconds kRunRenewEvery{5'000};
inline constexpr milliseconds kRedelivery{30'000};
inline constexpr milliseconds kSafetyReadEvery{5'000};
inline constexpr int kPoisonCrashesMax = 5;  ///< then the firing is QUARANTINED
inline constexpr std::chrono::hours kRequestIdKept{24};

// Executors.
inline constexpr std::uint32_t kExecutorCreditsDefault = 1'024;  ///< runs sent to one executor and not ended
inline constexpr std::uint32_t kExecutorCreditsMax = 100'000;
inline constexpr std::size_t kExecutorServicesMax = 10'000;  ///< interfaces that one executor may name
inline constexpr std::size_t kEndsKeptMax = 100'000;  ///< ends that no scheduler has acknowledged yet

}  // namespace meepo::limits
