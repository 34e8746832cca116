#pragma once
// What every unary method does: admit, call, finish. Private to api/grpc.

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <string_view>
#include <utility>

#include "api/calls/calls.h"
#include "api/grpc/methods.h"
#include "convert/status.h"

namespace meepo::api {

/// Finishes a call exactly once, also when it is dropped: a call that is never finished would keep the server from stopping.
template <class Response>
class Finish {
 public:
  Finish(grpc::ServerUnaryReactor* reactor, Response* response) : reactor_(reactor), response_(response) {}
  Finish(Finish&& other) noexcept : reactor_(std::exchange(other.reactor_, nullptr)), response_(other.response_) {}
  Finish& operator=(Finish&&) = delete;
  ~Finish() {
    if (reactor_ == nullptr) return;
    (*this)(fail(Code::Unknown, "the server stopped before the answer came: the outcome is not known"));
  }

  void operator()(Result<Response> result) {
    if (result) *response_ = std::move(*result);
    std::exchange(reactor_, nullptr)->Finish(result ? grpc::Status::OK : convert::to_status(result.error()));
  }

 private:
  grpc::ServerUnaryReactor* reactor_;
  Response* response_;
};

/// @param call  a member function of Calls
template <class Request, class Response>
grpc::ServerUnaryReactor* unary(Calls& calls, const Access& access, std::string_view method, grpc::CallbackServerContext* context,
                                const Request* request, Response* response, void (Calls::*call)(const Request&, Done<Response>)) {
  auto* reactor = context->DefaultReactor();
  Finish<Response> finish(reactor, response);
  if (const auto caller = admit(access, method, *context); !caller) {
    finish(fail(caller.error()));
  } else {
    (calls.*call)(*request, std::move(finish));
  }
  return reactor;
}

}  // namespace meepo::api
