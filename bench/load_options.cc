// The command line of bench/load.cc.

#include <charconv>
#include <cstdio>
#include <map>
#include <string_view>
#include <variant>

#include "bench/load.h"

namespace meepo::bench {

std::optional<Options> parse(int count, char** values) {
  Options options;
  const std::map<std::string_view, std::variant<int*, std::string*>> known = {
      {"--server", &options.server},       {"--tasks", &options.tasks},
      {"--in-flight", &options.in_flight}, {"--batch", &options.batch},
      {"--rate", &options.rate},           {"--credits", &options.credits},
      {"--count", &options.count_file},    {"--latency", &options.latency_file},
      {"--define", &options.define},       {"--jitter", &options.jitter},
      {"--seconds", &options.seconds}};
  if (count < 2) {
    std::fprintf(stderr, "expected a way: executor, create, batch, timing, plan, rate, unary, http, dubbo, flood or beside\n");
    return std::nullopt;
  }
  options.way = values[1];
  for (int i = 2; i < count; i += 2) {
    const auto option = known.find(values[i]);
    const std::string_view text = i + 1 < count ? values[i + 1] : "";
    bool good = option != known.end() && !text.empty();
    if (good && std::holds_alternative<std::string*>(option->second)) {
      *std::get<std::string*>(option->second) = text;
    } else if (good) {
      int& number = *std::get<int*>(option->second);
      good = std::from_chars(text.begin(), text.end(), number).ec == std::errc() && number > 0;
    }
    if (!good) {
      std::fprintf(stderr,
                   "%s %s: expected --server, --tasks, --in-flight, --batch, --rate, --credits, --count, --latency, --define, --jitter "
                   "or --seconds and its value\n",
                   values[i], std::string(text).c_str());
      return std::nullopt;
    }
  }
  return options;
}

}  // namespace meepo::bench
