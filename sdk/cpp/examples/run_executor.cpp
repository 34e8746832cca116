// Serves com.example.Billing#settle for the scheduler at 127.0.0.1:7789 until it is told to stop (Ctrl-C).
//   run_executor [HOST:PORT]
// Try it: meepo task create --app examples --service com.example.Billing#settle --params '[42]' --wait

#include <meepo/executor.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>

using namespace std::chrono_literals;

namespace {

meepo::Answer settle(meepo::Context& context, std::string_view params_json) {
  // The firing id is the same on every attempt: a payment keyed by it is made once, whatever happens in between.
  context.log("settling under key " + std::string(context.firing_id()) + ", attempt " + std::to_string(context.attempt()));
  for (int percent = 0; percent < 100; percent += 25) {
    context.progress(std::to_string(percent) + " %");
    if (context.wait_cancelled(100ms)) return meepo::Answer::stopped();
  }
  return R"({"settled":)" + std::string(params_json) + "}";
}

}  // namespace

int main(int argc, char** argv) {
  // Blocked before any thread starts, so that only sigwait() below receives them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  meepo::Executor executor({.schedulers = {argc > 1 ? argv[1] : "127.0.0.1:7789"}, .name = "billing"});
  executor.handle("com.example.Billing", "settle", settle);
  if (const auto started = executor.start(); !started) {
    std::fprintf(stderr, "start: %s\n", started.error().message.c_str());
    return 1;
  }
  std::puts("serving com.example.Billing#settle");

  int received = 0;
  sigwait(&signals, &received);
  const std::size_t left = executor.stop();
  if (left > 0) std::fprintf(stderr, "%zu runs were left behind\n", left);
  return left == 0 ? 0 : 1;
}
