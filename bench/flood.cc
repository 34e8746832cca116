#include "bench/flood.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "meepo/meepo.h"
#include "meepo/v1/task_service.grpc.pb.h"

namespace meepo::bench {
namespace {

constexpr std::chrono::milliseconds kAskEvery{5};
constexpr int kBatchesInFlightMax = 512;  ///< an answer that does not come does not pile up batches without end

/// Batches at an even pace, whatever becomes of those before, on gRPC's own few threads: a thread a batch would take the processors from
/// the server, and from whoever measures beside it.
class Flood {
 public:
  explicit Flood(const Options& options)
      : channel_(grpc::CreateChannel(options.server, grpc::InsecureChannelCredentials())), stub_(v1::TaskService::NewStub(channel_)) {
    for (int i = 0; i < options.batch; ++i) {
      auto& spec = *request_.add_specs();
      spec.set_app_id("flood");
      spec.set_kind(v1::Kind::REAL);
      spec.mutable_target()->mutable_service()->set_interface(kInterface);
      spec.mutable_target()->mutable_service()->set_method("noop");
    }
  }

  /// One more batch, unless too many are under way.
  void pour() {
    if (in_flight_ >= kBatchesInFlightMax) return;
    ++in_flight_;
    auto call = std::make_shared<Call>();
    stub_->async()->CreateBatch(&call->context, &request_, &call->response, [this, call](const grpc::Status& status) {
      const auto& items = call->response.items();
      const auto good = status.ok() ? std::ranges::count_if(items, [](const auto& item) { return item.has_created(); }) : 0;
      created_ += good;
      refused_ += request_.specs_size() - good;
      --in_flight_;
    });
  }

  /// Waits for the answers.
  void end() const {
    while (in_flight_ > 0) std::this_thread::sleep_for(kAskEvery);
  }

  std::int64_t created() const { return created_; }
  std::int64_t refused() const { return refused_; }

 private:
  struct Call {
    grpc::ClientContext context;
    v1::CreateBatchResponse response;
  };

  v1::CreateBatchRequest request_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::TaskService::Stub> stub_;
  std::atomic<int> in_flight_ = 0;
  std::atomic<std::int64_t> created_ = 0;
  std::atomic<std::int64_t> refused_ = 0;
};

/// Milliseconds; 0 of nothing.
double at(std::vector<std::int64_t>& spans_ns, double share) {
  if (spans_ns.empty()) return 0;
  std::ranges::sort(spans_ns);
  const auto place = std::min(spans_ns.size() - 1, static_cast<std::size_t>(static_cast<double>(spans_ns.size()) * share));
  return static_cast<double>(spans_ns[place]) / 1e6;
}

/// Until `end_ns`.
void pour_at_a_rate(Flood& flood, const Options& options, std::int64_t end_ns) {
  const auto every = std::int64_t{1'000'000'000} * options.batch / options.rate;
  for (auto next = now_ns(); next < end_ns; next += every) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::max<std::int64_t>(next - now_ns(), 0)));
    flood.pour();
  }
}

}  // namespace

int pour(const Options& options) {
  // Never given back: gRPC 1.51 frees a channel twice when one of its own threads drops the last reference.
  auto& flood = *new Flood(options);
  const auto begin = now_ns();
  pour_at_a_rate(flood, options, begin + std::int64_t{options.seconds} * 1'000'000'000);
  flood.end();
  std::printf(R"({"created":%lld,"refused":%lld,"seconds":%.2f})"
              "\n",
              static_cast<long long>(flood.created()), static_cast<long long>(flood.refused()),
              static_cast<double>(now_ns() - begin) / 1e9);
  return 0;
}

int ask_beside(const Options& options) {
  std::mutex mutex;
  std::vector<std::int64_t> refusals_ns;
  std::vector<std::int64_t> accepted_ns;
  Client client({.address = options.server, .app_id = "single"});
  const std::int64_t end = now_ns() + std::int64_t{options.seconds} * 1'000'000'000;
  while (now_ns() < end) {
    client.create(Task::real(service(kInterface, "noop").params_json("[]")), [&, asked = now_ns()](const Result<Created>& answer) {
      const std::lock_guard lock(mutex);
      (answer ? accepted_ns : refusals_ns).push_back(now_ns() - asked);
    });
    std::this_thread::sleep_for(kAskEvery);
  }
  client.flush(std::chrono::seconds(60));
  std::printf(R"({"singles_accepted":%zu,"singles_refused":%zu,"accepted_p99_ms":%.3f,)"
              R"("refusal_p50_ms":%.3f,"refusal_p99_ms":%.3f,"refusal_max_ms":%.3f})"
              "\n",
              accepted_ns.size(), refusals_ns.size(), at(accepted_ns, .99), at(refusals_ns, .5), at(refusals_ns, .99), at(refusals_ns, 1));
  return 0;
}

}  // namespace meepo::bench
