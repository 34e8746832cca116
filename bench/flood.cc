#include "bench/flood.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

#include "meepo/meepo.h"

namespace meepo::bench {
namespace {

constexpr std::chrono::milliseconds kAskEvery{2};

Task no_op() { return Task::real(service(kInterface, "noop").params_json("[]")); }

/// Batches without a pause between an answer and the next.
void pour(const Options& options, const std::atomic<bool>& over, std::atomic<std::int64_t>& created, std::atomic<std::int64_t>& refused) {
  Client client({.address = options.server, .app_id = "flood"});
  while (!over) {
    const auto answers = client.create_batch(std::vector<Task>(static_cast<std::size_t>(options.batch), no_op()));
    if (!answers) {
      refused += options.batch;
      continue;
    }
    const auto good = std::ranges::count_if(*answers, [](const auto& answer) { return answer.has_value(); });
    created += good;
    refused += options.batch - good;
  }
}

/// Milliseconds; 0 of nothing.
double at(std::vector<std::int64_t>& spans_ns, double share) {
  if (spans_ns.empty()) return 0;
  std::ranges::sort(spans_ns);
  const auto place = std::min(spans_ns.size() - 1, static_cast<std::size_t>(static_cast<double>(spans_ns.size()) * share));
  return static_cast<double>(spans_ns[place]) / 1e6;
}

}  // namespace

int flood(const Options& options) {
  std::atomic<bool> over = false;
  std::atomic<std::int64_t> created = 0;
  std::atomic<std::int64_t> refused = 0;
  std::mutex mutex;
  std::vector<std::int64_t> refusals_ns;
  std::vector<std::int64_t> accepted_ns;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < options.in_flight; ++i) threads.emplace_back([&] { pour(options, over, created, refused); });
    Client client({.address = options.server, .app_id = "single"});
    const std::int64_t end = now_ns() + std::int64_t{options.seconds} * 1'000'000'000;
    while (now_ns() < end) {
      client.create(no_op(), [&, asked = now_ns()](const Result<Created>& answer) {
        const std::lock_guard lock(mutex);
        (answer ? accepted_ns : refusals_ns).push_back(now_ns() - asked);
      });
      std::this_thread::sleep_for(kAskEvery);
    }
    over = true;
    client.flush(std::chrono::seconds(60));
  }
  std::printf(R"({"created":%lld,"refused":%lld,"singles_accepted":%zu,"singles_refused":%zu,"accepted_p99_ms":%.3f,)"
              R"("refusal_p50_ms":%.3f,"refusal_p99_ms":%.3f,"refusal_max_ms":%.3f})"
              "\n",
              static_cast<long long>(created), static_cast<long long>(refused), accepted_ns.size(), refusals_ns.size(),
              at(accepted_ns, .99), at(refusals_ns, .5), at(refusals_ns, .99), at(refusals_ns, 1));
  return 0;
}

}  // namespace meepo::bench
