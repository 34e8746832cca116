#include "child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

namespace meepo::cli {

namespace {

constexpr const char* kThisProgram = "/proc/self/exe";
constexpr std::size_t kLineBytesMax = 64UL << 10U;

/// Between fork and exec nothing may be allocated: other threads may have held a lock.
[[noreturn]] void become(const std::vector<char*>& argv, int out) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(out, STDOUT_FILENO);
  execv(kThisProgram, argv.data());
  _exit(127);
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Code::Exhausted, std::string("starting meepo: no pipe: ") + std::strerror(errno));
  std::vector<char*> argv = {const_cast<char*>("meepo")};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) become(argv, ends[1]);
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return fail(Code::Exhausted, std::string("starting meepo: no process: ") + std::strerror(errno));
  }
  return ChildProcess(pid, ends[0]);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, 0)), out_(std::exchange(other.out_, -1)) {}

ChildProcess::~ChildProcess() {
  if (out_ >= 0) close(out_);
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

Result<std::string> ChildProcess::first_line(milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::string line;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{.fd = out_, .events = POLLIN, .revents = 0};
    const int ready = left.count() > 0 ? poll(&waiting, 1, static_cast<int>(left.count())) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return fail(Code::Timeout, "meepo said nothing within " + std::to_string(timeout.count()) + " ms");
    std::array<char, 4096> bytes{};
    const ssize_t count = read(out_, bytes.data(), bytes.size());
    if (count <= 0) return fail(Code::Unavailable, "meepo ended before it was ready");
    line.append(bytes.data(), static_cast<std::size_t>(count));
    if (const std::size_t end = line.find('\n'); end != std::string::npos) return line.substr(0, end);
    if (line.size() > kLineBytesMax) return fail(Code::Internal, "meepo's first line does not end");
  }
}

Result<int> ChildProcess::stop(milliseconds timeout) {
  kill(pid_, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline)
      return fail(Code::Timeout, "meepo did not end within " + std::to_string(timeout.count()) + " ms");
    std::this_thread::sleep_for(milliseconds(10));
  }
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace meepo::cli
