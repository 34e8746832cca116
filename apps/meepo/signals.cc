#include "signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace meepo::cli {

namespace {

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

volatile sig_atomic_t exit_code = 0;  // of a signal's handler

}  // namespace

void hold_stop_signals() {
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

void wait_for_stop() {
  const sigset_t signals = stop_signals();
  int received = 0;
  sigwait(&signals, &received);
  // Not a thread that waits for the second: there may be none left to start.
  struct sigaction end_at_once{};
  end_at_once.sa_handler = [](int) { _exit(1); };
  sigaction(SIGINT, &end_at_once, nullptr);
  sigaction(SIGTERM, &end_at_once, nullptr);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void end_by_force_later(int code) {
  exit_code = code;
  struct sigaction end{};
  end.sa_handler = [](int) { _exit(exit_code); };
  sigaction(SIGALRM, &end, nullptr);
  alarm(static_cast<unsigned>(kEndWait.count()));
}

}  // namespace meepo::cli
