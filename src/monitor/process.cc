#include "monitor/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace meepo::monitor {
namespace {

/// proc(5): the fields of /proc/self/stat after the name, which may hold blanks and ends with the last ')'.
void read_stat(ProcessFigures& figures) {
  std::ifstream file("/proc/self/stat");
  const std::string line{std::istreambuf_iterator<char>(file), {}};
  std::istringstream fields(line.substr(std::min(line.rfind(')'), line.size() - 1) + 1));
  const std::istream_iterator<std::string> first(fields);
  const std::vector<std::string> all(first, {});
  constexpr std::size_t kUserTime = 11;    // field 14; these begin with field 3
  constexpr std::size_t kSystemTime = 12;
  constexpr std::size_t kThreads = 17;
  constexpr std::size_t kStartTime = 19;
  constexpr std::size_t kVirtualBytes = 20;
  constexpr std::size_t kResidentPages = 21;
  if (all.size() <= kResidentPages) return;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  figures.cpu_seconds = (std::stod(all[kUserTime]) + std::stod(all[kSystemTime])) / ticks;
  figures.threads = std::stoull(all[kThreads]);
  figures.virtual_bytes = std::stoull(all[kVirtualBytes]);
  figures.resident_bytes = std::stoull(all[kResidentPages]) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  figures.started_at = std::stod(all[kStartTime]) / ticks;  // since the machine's start
}

double machine_started_at() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

}  // namespace

ProcessFigures read_process_figures() {
  ProcessFigures figures;
  read_stat(figures);
  figures.started_at += machine_started_at();
  std::error_code ignored;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", ignored); entry != std::filesystem::directory_iterator();
       entry.increment(ignored)) {
    ++figures.open_files;
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.open_files_max = limit.rlim_cur;
  return figures;
}

}  // namespace meepo::monitor
