// Encoding and decoding of streams on one thread, beside Java's hessian-lite: bench/java-hessian/run.sh runs both. Arguments: files with
// one stream each, whose names are the names of the objects. One JSON object a line: nanoseconds of the thread's processor time for one
// object, the best of the rounds, as on the Java side.

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/encoder.h"

namespace {

using namespace meepo::hessian2;

constexpr int kRounds = 15;
constexpr std::int64_t kRoundNs = 200'000'000;
constexpr std::int64_t kAtATime = 1'000;

std::size_t sink = 0;  // what is added up here cannot be optimised away

std::int64_t cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

template <class Work>
void measure(const std::string& object, const char* work, std::size_t octets, const Work& run) {
  auto best = std::numeric_limits<double>::max();
  for (int round = 0; round < kRounds; ++round) {
    std::int64_t count = 0;
    const auto begin = cpu_ns();
    auto now = begin;
    for (; now - begin < kRoundNs; now = cpu_ns()) {
      for (std::int64_t i = 0; i < kAtATime; ++i) sink += run();
      count += kAtATime;
    }
    best = std::min(best, static_cast<double>(now - begin) / static_cast<double>(count));
  }
  fmt::print("{{\"bench\":\"hessian2\",\"side\":\"cpp\",\"object\":\"{}\",\"work\":\"{}\",\"octets\":{},\"cpu_ns\":{:.0f}}}\n", object,
             work, octets, best);
}

/// False if the stream is not written again as it was: then the sides do not do the same.
bool measure_stream(const std::string& object, const std::string& stream) {
  Document document;
  const auto value = decode(stream, document);
  if (!value || encode(*value) != stream) return false;
  measure(object, "encode", stream.size(), [&] { return encode(*value)->size(); });
  measure(object, "decode", stream.size(), [&] {
    Document read;
    return static_cast<std::size_t>(decode(stream, read)->kind());
  });
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    const std::string stream{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!measure_stream(std::filesystem::path(argv[i]).stem().string(), stream)) {
      std::fputs(fmt::format("{}: expected one stream in the form in which Java writes it\n", argv[i]).c_str(), stderr);
      return 1;
    }
  }
  return sink == 0 ? 2 : 0;
}
