#include "api/grpc/methods.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <array>

#include "meepo/v1/admin_service.pb.h"
#include "meepo/v1/executor_service.pb.h"
#include "meepo/v1/task_service.pb.h"

namespace meepo::api {
namespace {

constexpr std::array kRules = {
    MethodRule{"meepo.v1.TaskService.Create", Permission::TasksWrite},
    MethodRule{"meepo.v1.TaskService.CreateBatch", Permission::TasksWrite},
    MethodRule{"meepo.v1.TaskService.CreateStream", Permission::TasksWrite},
    MethodRule{"meepo.v1.TaskService.Get", Permission::TasksRead},
    MethodRule{"meepo.v1.TaskService.List", Permission::TasksRead},
    MethodRule{"meepo.v1.TaskService.Count", Permission::TasksRead},
    MethodRule{"meepo.v1.TaskService.Cancel", Permission::TasksWrite},
    MethodRule{"meepo.v1.TaskService.Pause", Permission::TasksWrite},
    MethodRule{"meepo.v1.TaskService.Resume", Permission::TasksWrite},
    MethodRule{"meepo.v1.TaskService.Trigger", Permission::TasksWrite},
    MethodRule{"meepo.v1.TaskService.Update", Permission::TasksWrite},
    MethodRule{"meepo.v1.TaskService.Rerun", Permission::TasksWrite},
    MethodRule{"meepo.v1.TaskService.Backfill", Permission::TasksWrite},
    MethodRule{"meepo.v1.TaskService.Why", Permission::TasksRead},
    MethodRule{"meepo.v1.TaskService.Ledger", Permission::TasksRead},
    MethodRule{kExecutorConnect, Permission::ExecutorConnect},
    MethodRule{"meepo.v1.AdminService.Info", Permission::AdminRead},
    MethodRule{"meepo.v1.AdminService.Counts", Permission::AdminRead},
    MethodRule{"meepo.v1.AdminService.ListExecutors", Permission::AdminRead},
};

const MethodRule* find(std::span<const MethodRule> rules, std::string_view method) {
  const auto rule = std::ranges::find(rules, method, &MethodRule::method);
  return rule == rules.end() ? nullptr : &*rule;
}

/// The files of meepo.v1 that have services. A message of each links its descriptors in.
std::array<const google::protobuf::FileDescriptor*, 3> service_files() {
  return {v1::CreateTaskRequest::descriptor()->file(), v1::FromExecutor::descriptor()->file(), v1::InfoRequest::descriptor()->file()};
}

}  // namespace

std::span<const MethodRule> method_rules() { return kRules; }

Result<void> check_method_rules(std::span<const MethodRule> rules) {
  std::size_t known = 0;
  for (const auto* file : service_files()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto& name = file->service(s)->method(m)->full_name();
        if (find(rules, name) == nullptr) {
          return fail(Code::Internal, fmt::format("the gRPC method {} has no permission: expected a rule in api/grpc/methods.cc", name));
        }
        ++known;
      }
    }
  }
  if (known == rules.size()) return {};
  for (const auto& rule : rules) {
    if (google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(std::string(rule.method)) == nullptr) {
      return fail(Code::Internal, fmt::format("the rule for the gRPC method {} belongs to no service", rule.method));
    }
  }
  return fail(Code::Internal, "two rules stand for one gRPC method");
}

Result<Caller> admit(const Access& access, std::string_view method, const grpc::ServerContextBase& context) {
  const auto* rule = find(kRules, method);
  if (rule == nullptr) return fail(Code::Internal, fmt::format("the gRPC method {} has no permission", method));
  const auto& metadata = context.client_metadata();
  const auto header = metadata.find("authorization");
  const auto value = header == metadata.end() ? std::string_view() : std::string_view(header->second.data(), header->second.size());
  return access.check(value, rule->permission);
}

}  // namespace meepo::api
