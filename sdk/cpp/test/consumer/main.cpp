// A program outside Meepo's tree: it links both halves of the SDK and checks that they work as far as they do without a scheduler.

#include <meepo/meepo.h>

#include <cstdio>

int main() {
  meepo::Client client({.address = "nowhere"});
  const auto created = client.create(meepo::Task::real(meepo::service("com.example.Billing", "settle"))).get();
  if (created || created.error().code != meepo::Code::InvalidArgument) return 1;

  meepo::Executor executor({.schedulers = {"127.0.0.1:1"}, .name = "consumer"});
  if (executor.start()) return 2;
  executor.handle("com.example.Billing", "settle", [](meepo::Context&, std::string_view) -> meepo::Answer { return "true"; });
  if (!executor.start() || executor.running() != 0) return 3;
  if (executor.stop() != 0) return 4;
  std::puts("ok");
  return 0;
}
