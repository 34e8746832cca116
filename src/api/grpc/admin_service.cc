#include "api/grpc/admin_service.h"

#include "api/grpc/unary.h"

namespace meepo::api {

using Unary = grpc::ServerUnaryReactor;

Unary* AdminService::Info(Context* context, const v1::InfoRequest* request, v1::InfoResponse* response) {
  return unary(calls_, access_, "meepo.v1.AdminService.Info", context, request, response, &Calls::info);
}

Unary* AdminService::Counts(Context* context, const v1::CountsRequest* request, v1::CountsResponse* response) {
  return unary(calls_, access_, "meepo.v1.AdminService.Counts", context, request, response, &Calls::counts);
}

Unary* AdminService::ListExecutors(Context* context, const v1::ListExecutorsRequest* request, v1::ListExecutorsResponse* response) {
  return unary(calls_, access_, "meepo.v1.AdminService.ListExecutors", context, request, response, &Calls::list_executors);
}

}  // namespace meepo::api
