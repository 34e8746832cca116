#include "adapters/command/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace meepo::adapters::command {

namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

std::unexpected<Error> not_started(const ProcessSpec& spec, int error) {
  return fail(Code::Unavailable, "starting " + spec.argv.front() + ": " + std::strerror(error));
}

void close_all(std::initializer_list<int> files) {
  for (const int file : files) {
    if (file >= 0) close(file);
  }
}

}  // namespace

Result<Process> spawn(const ProcessSpec& spec) {
  std::array<int, 2> output{-1, -1};
  std::array<int, 2> errors{-1, -1};
  if (pipe2(output.data(), O_CLOEXEC) != 0) return not_started(spec, errno);
  if (pipe2(errors.data(), O_CLOEXEC) != 0) {
    const int error = errno;
    close_all({output[0], output[1]});
    return not_started(spec, error);
  }
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output[1], 1);
  posix_spawn_file_actions_adddup2(&files, errors[1], 2);
  posix_spawn_file_actions_addchdir_np(&files, spec.folder.c_str());
  posix_spawn_file_actions_addclosefrom_np(&files, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const auto argv = pointers(spec.argv);
  const auto environment = pointers(spec.environment);
  Process process{.pid = 0, .pidfd = -1, .output = output[0], .errors = errors[0]};
  const int error = posix_spawn(&process.pid, spec.argv.front().c_str(), &files, &attributes, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  close_all({output[1], errors[1]});
  if (error != 0) {
    close_all({output[0], errors[0]});
    return not_started(spec, error);
  }
  process.pidfd = static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0));
  if (process.pidfd < 0) {
    const int failed = errno;
    kill(-process.pid, SIGKILL);
    waitpid(process.pid, nullptr, 0);
    close_all({output[0], errors[0]});
    return not_started(spec, failed);
  }
  return process;
}

std::string reap(const Process& process) {
  int status = 0;
  if (waitpid(process.pid, &status, 0) != process.pid) return "no exit status: " + std::string(std::strerror(errno));
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? std::string() : "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace meepo::adapters::command
