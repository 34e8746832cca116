// The load of bench/run.py: clients that create tasks in one of eight ways, and an executor whose functions do nothing but count and
// stamp. One way is one process; it prints one JSON object with its figures. Instants are CLOCK_MONOTONIC nanoseconds, which the
// processes of one machine share.

#include "bench/load.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "bench/dubbo_load.h"
#include "bench/flood.h"
#include "bench/http_load.h"
#include "meepo/meepo.h"
#include "meepo/v1/task_service.grpc.pb.h"

namespace meepo::bench {
namespace {

constexpr int kInFlightMax = 1'000;
using Room = std::counting_semaphore<kInFlightMax>;

Task no_op() { return Task::real(service(kInterface, "noop").params_json("[]")); }

void take_all(Room& room, int places) {
  for (int i = 0; i < places; ++i) {
    room.acquire();
  }
}

Figures create_with_sdk(const Options& options) {
  Client client({.address = options.server, .app_id = "bench"});
  Room room(options.in_flight);
  Figures figures;
  figures.begin();
  for (int i = 0; i < options.tasks; ++i) {
    room.acquire();
    client.create(no_op(), [&](const Result<Created>& created) {
      figures.count(created.has_value());
      room.release();
    });
  }
  take_all(room, options.in_flight);
  figures.end();
  return figures;
}

/// What the ways "batch", "timing" and "plan" create.
Task task_of(const Options& options) {
  if (options.way == "timing") {
    return Task::timing(options.define, service(kInterface, "late").params_json("[]"))
        .zone("UTC")
        .jitter(std::chrono::milliseconds(options.jitter));
  }
  if (options.way == "plan") return Task::plan(options.define, service(kInterface, "late").params_json("[]")).zone("UTC");
  return no_op();
}

Figures create_in_batches(const Options& options) {
  Client client({.address = options.server, .app_id = "bench"});
  Figures figures;
  std::atomic<int> left = options.tasks;
  figures.begin();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < options.in_flight; ++i) {
      threads.emplace_back([&] {
        for (int before = left.fetch_sub(options.batch); before > 0; before = left.fetch_sub(options.batch)) {
          const auto size = static_cast<std::size_t>(std::min(before, options.batch));
          const auto answers = client.create_batch(std::vector<Task>(size, task_of(options)));
          for (std::size_t item = 0; item < size; ++item) {
            figures.count(answers.has_value() && (*answers)[item].has_value());
          }
        }
      });
    }
  }
  figures.end();
  return figures;
}

/// Creates at an even pace; each task carries the instant at which its create was called, the executor notes the difference.
Figures create_at_a_rate(const Options& options) {
  Client client({.address = options.server, .app_id = "bench"});
  Figures figures;
  figures.begin();
  const std::int64_t first = now_ns();
  for (int i = 0; i < options.tasks; ++i) {
    const std::int64_t at = first + std::int64_t{i} * 1'000'000'000 / options.rate;
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::max<std::int64_t>(at - now_ns(), 0)));
    client.create(Task::real(service(kInterface, "stamp").params_json("[" + std::to_string(now_ns()) + "]")),
                  [&](const Result<Created>& created) { figures.count(created.has_value()); });
  }
  client.flush(std::chrono::seconds(30));
  figures.end();
  return figures;
}

/// Plain calls of TaskService.Create over one channel: what a client without the SDK's stream does.
Figures create_unary(const Options& options) {
  struct Call {
    grpc::ClientContext context;
    v1::CreateTaskRequest request;
    v1::CreateTaskResponse response;
  };
  // Never given back: gRPC 1.51 frees a channel twice when one of its own threads drops the last reference.
  static const auto& channel = *new std::shared_ptr<grpc::Channel>(grpc::CreateChannel(options.server, grpc::InsecureChannelCredentials()));
  const auto stub = v1::TaskService::NewStub(channel);
  Room room(options.in_flight);
  Figures figures;
  figures.begin();
  for (int i = 0; i < options.tasks; ++i) {
    room.acquire();
    auto call = std::make_shared<Call>();
    auto& spec = *call->request.mutable_spec();
    spec.set_app_id("bench");
    spec.set_kind(v1::Kind::REAL);
    spec.mutable_target()->mutable_service()->set_interface(kInterface);
    spec.mutable_target()->mutable_service()->set_method("noop");
    stub->async()->Create(&call->context, &call->request, &call->response, [call, &figures, &room](const grpc::Status& status) {
      figures.count(status.ok());
      room.release();
    });
  }
  take_all(room, options.in_flight);
  figures.end();
  return figures;
}

/// Runs until SIGTERM. The number of calls so far stands in the file `--count`, the latencies go to `--latency` at the end.
int execute(const Options& options) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  const int file = open(options.count_file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0 || ftruncate(file, sizeof(std::uint64_t)) != 0) {
    std::perror(options.count_file.c_str());
    return 1;
  }
  void* const page = mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  auto& calls = *static_cast<std::atomic<std::uint64_t>*>(page);
  std::mutex mutex;
  std::vector<std::int64_t> latencies;
  struct Start {
    std::int64_t due_ms;
    std::int64_t late_us;
  };
  std::vector<Start> starts;
  starts.reserve(std::size_t{1} << 20U);

  Executor executor({.schedulers = {options.server}, .name = "bench", .credits = static_cast<std::uint32_t>(options.credits)});
  executor.handle(kInterface, "noop", [&](Context&, std::string_view) {
    ++calls;
    return Answer::success();
  });
  executor.handle(kInterface, "stamp", [&](Context&, std::string_view params) {
    const std::int64_t started = now_ns();
    const std::int64_t created = std::stoll(std::string(params.substr(1)));
    {
      const std::lock_guard lock(mutex);
      latencies.push_back(started - created);
    }
    ++calls;
    return Answer::success();
  });
  executor.handle(kInterface, "late", [&](Context& context, std::string_view) {
    const auto now = std::chrono::system_clock::now();
    const auto late = std::chrono::floor<std::chrono::microseconds>(now - context.due());
    {
      const std::lock_guard lock(mutex);
      starts.push_back({.due_ms = context.due().time_since_epoch().count(), .late_us = late.count()});
    }
    ++calls;
    return Answer::success();
  });
  if (const auto started = executor.start(); !started) {
    std::fprintf(stderr, "%s\n", started.error().message.c_str());
    return 1;
  }
  int signal = 0;
  sigwait(&ends, &signal);
  const std::size_t left = executor.stop();
  std::ofstream out(options.latency_file);
  for (const std::int64_t latency : latencies) {
    out << latency << '\n';
  }
  for (const Start& start : starts) {
    out << start.due_ms << ' ' << start.late_us << '\n';
  }
  return left == 0 && out.good() ? 0 : 1;
}

int run(int count, char** values) {
  const std::map<std::string, std::function<Figures(const Options&)>> ways = {
      {"create", create_with_sdk}, {"batch", create_in_batches}, {"timing", create_in_batches}, {"plan", create_in_batches},
      {"rate", create_at_a_rate},  {"unary", create_unary},      {"http", create_over_http},    {"dubbo", create_over_dubbo}};
  const auto options = parse(count, values);
  if (!options) {
    return 2;
  }
  if (options->way == "executor") {
    return execute(*options);
  }
  if (options->way == "flood") {
    return pour(*options);
  }
  if (options->way == "beside") {
    return ask_beside(*options);
  }
  const auto way = ways.find(options->way);
  if (way == ways.end()) {
    std::fprintf(stderr, "%s: expected executor, create, batch, timing, plan, rate, unary, http, dubbo, flood or beside\n",
                 options->way.c_str());
    return 2;
  }
  const Figures figures = way->second(*options);
  std::printf("{\"begin_ns\":%lld,\"end_ns\":%lld,\"created\":%d,\"refused\":%d}\n", static_cast<long long>(figures.begin_ns()),
              static_cast<long long>(figures.end_ns()), figures.created(), figures.refused());
  return figures.refused() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace meepo::bench

int main(int count, char** values) { return meepo::bench::run(count, values); }
