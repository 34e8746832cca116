#include "bench/dubbo_load.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bench/blocking_socket.h"
#include "protocol/dubbo/client_session.h"
#include "protocol/dubbo/request.h"

namespace meepo::bench {
namespace {

constexpr std::size_t kReadBytes = 65'536;

/// create(ServiceInvokeParam, TaskType, String) as a Java consumer sends it.
std::string create_body() {
  hessian2::Document document;
  const auto service = document.object("org.cheng.meepo.task.dto.ServiceInvokeParam", {{"nextService", hessian2::Value()},
                                                                                       {"params", document.list("[object", {})},
                                                                                       {"paramsType", document.list("[string", {})},
                                                                                       {"version", hessian2::Value()},
                                                                                       {"methodName", document.string("noop")},
                                                                                       {"interfaceName", document.string(kInterface)}});
  const auto kind = document.object("org.cheng.meepo.task.constant.TaskType", {{"name", document.string("REAL")}});
  constexpr std::string_view kPath = "org.cheng.meepo.task.service.TaskService";
  dubbo::Attachments attachments;
  for (const auto& [name, value] :
       {std::pair("path", kPath), {"remote.application", "bench"}, {"interface", kPath}, {"version", "0.0.0"}, {"appId", "bench"}}) {
    attachments.entries.emplace_back(name, document.string(value));
  }
  return dubbo::encode_request(
             {.path = std::string(kPath),
              .method = "create",
              .descriptor = "Lorg/cheng/meepo/task/dto/ServiceInvokeParam;Lorg/cheng/meepo/task/constant/TaskType;Ljava/lang/String;"},
             {service, kind, document.string("")}, attachments)
      .value();
}

}  // namespace

Figures create_over_dubbo(const Options& options) {
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const int socket = connect_to(options.server);
  dubbo::ClientSession session({}, now());
  std::array<char, kReadBytes> buffer{};
  Figures figures;
  figures.begin();
  int left = options.tasks;
  while (left > 0 || session.open_calls() > 0) {
    for (; left > 0 && session.open_calls() < static_cast<std::size_t>(options.in_flight); --left) {
      if (!session.call(create_body(), now() + std::chrono::seconds(30))) die("call");
    }
    send_all(socket, session.take_output(now()));
    const ssize_t octets = recv(socket, buffer.data(), buffer.size(), 0);
    if (octets <= 0) die("recv");
    for (const auto& end : session.receive({buffer.data(), static_cast<std::size_t>(octets)}, now())) {
      figures.count(end.outcome && !end.outcome->thrown);
    }
  }
  figures.end();
  close(socket);
  return figures;
}

}  // namespace meepo::bench
