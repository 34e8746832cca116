#pragma once
// TaskService.CreateStream: many creates in flight on one stream. A message is one post to the scheduler's loop; answers that arrive while
// a message is being written are the next message. What is under way has a limit per stream: above it, nothing is read.

#include <grpcpp/support/server_callback.h>

#include <cstddef>

#include "api/calls/calls.h"
#include "meepo/v1/task_service.pb.h"

namespace meepo::api {

inline constexpr std::size_t kStreamItemsMax = 10'000;  ///< read, their answers not written; one more message may come on top
inline constexpr std::size_t kStreamBytesMax = std::size_t{64} << 20U;  ///< of their messages

/// The reactor of one stream; it deletes itself. `admitted`: an error ends the stream with it. `calls` outlives the server.
grpc::ServerBidiReactor<v1::CreateStreamRequest, v1::CreateStreamResponse>* start_create_stream(Calls& calls, Result<void> admitted);

}  // namespace meepo::api
