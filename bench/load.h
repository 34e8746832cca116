#pragma once
// What the ways of bench/load.cc share: options, the clock and the counters of one run.

#include <atomic>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>

namespace meepo::bench {

inline constexpr const char* kInterface = "meepo.bench.NoOp";

inline std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

struct Options {
  std::string way;
  std::string server;        ///< HOST:PORT: gRPC, or HTTP for the way "http"
  int tasks = 10'000;
  int in_flight = 50;        ///< creates, or batches, without an answer
  int batch = 500;
  int rate = 200;            ///< tasks a second, of the ways "rate" and "flood"
  int credits = 1'024;        ///< of the executor
  int jitter = 10'000;       ///< milliseconds, of the way "timing"
  int seconds = 10;          ///< of the ways "flood" and "beside"
  std::string define;        ///< of the ways "timing" and "plan"
  std::string count_file;
  std::string latency_file;
};

/// Nothing after a message on stderr.
std::optional<Options> parse(int count, char** values);

/// Counted by any thread; begin and end by the one that runs the way.
class Figures {
 public:
  Figures() = default;
  Figures(const Figures& other)
      : begin_ns_(other.begin_ns_), end_ns_(other.end_ns_), created_(other.created()), refused_(other.refused()) {}
  Figures& operator=(const Figures&) = delete;

  void begin() { begin_ns_ = now_ns(); }
  void end() { end_ns_ = now_ns(); }
  void count(bool created) { ++(created ? created_ : refused_); }

  std::int64_t begin_ns() const { return begin_ns_; }
  std::int64_t end_ns() const { return end_ns_; }
  int created() const { return created_; }
  int refused() const { return refused_; }

 private:
  std::int64_t begin_ns_ = 0;
  std::int64_t end_ns_ = 0;
  std::atomic<int> created_ = 0;
  std::atomic<int> refused_ = 0;
};

}  // namespace meepo::bench
