#pragma once
// AdminService over gRPC.

#include "api/access/access.h"
#include "api/calls/calls.h"
#include "meepo/v1/admin_service.grpc.pb.h"

namespace meepo::api {

/// Outlives the server that it is registered with; `calls` and `access` outlive it.
class AdminService final : public v1::AdminService::CallbackService {
 public:
  AdminService(Calls& calls, const Access& access) : calls_(calls), access_(access) {}

  using Context = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;

  Unary* Info(Context* context, const v1::InfoRequest* request, v1::InfoResponse* response) override;
  Unary* Counts(Context* context, const v1::CountsRequest* request, v1::CountsResponse* response) override;
  Unary* ListExecutors(Context* context, const v1::ListExecutorsRequest* request, v1::ListExecutorsResponse* response) override;

 private:
  Calls& calls_;
  const Access& access_;
};

}  // namespace meepo::api
