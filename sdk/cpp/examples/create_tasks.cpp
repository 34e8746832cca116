// Creates a few tasks on the scheduler at 127.0.0.1:7789 (`meepo dev` is enough) and follows them to their end.
//   create_tasks [HOST:PORT]

#include <meepo/client.h>

#include <chrono>
#include <cstdio>
#include <future>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

/// Waits up to ten seconds for the task's end and prints what became of it. False: it failed, or has not ended.
bool follow(meepo::Client& client, const std::string& id) {
  for (int i = 0; i < 200; ++i) {
    const auto task = client.get(id);
    if (!task) {
      std::fprintf(stderr, "get %s: %s\n", id.c_str(), task.error().message.c_str());
      return false;
    }
    if (task->ended) {
      std::printf("%s  %-5s  result %s%s\n", id.c_str(), task->status.c_str(), task->latest.result_json.c_str(),
                  task->latest.error.c_str());
      return task->status == "DONE";
    }
    std::this_thread::sleep_for(50ms);
  }
  std::fprintf(stderr, "%s has not ended within 10 s\n", id.c_str());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  meepo::Client client({.address = argc > 1 ? argv[1] : "127.0.0.1:7789", .app_id = "examples"});

  // Now; retried three times, a second apart, should it fail.
  auto greeting = meepo::Task::real(meepo::service("meepo.demo.Echo", "echo").params_json(R"(["hello"])"));
  greeting.name("greeting").retry(meepo::Retry::fixed(3, 1s)).timeout(5s);

  // At once and a second later, but no more once it has succeeded. The digits arrive as they are written here.
  auto ladder = meepo::Task::ladder("0,1", meepo::service("meepo.demo.Echo", "echo").params_json("[9007199254740993, 0.10]"));
  ladder.run_once().label("example", "ladder");

  // Everything that is queued here goes into one stream.
  std::vector<std::future<meepo::Result<meepo::Created>>> answers;
  answers.push_back(client.create(greeting));
  answers.push_back(client.create(ladder));

  bool good = true;
  for (auto& answer : answers) {
    const auto created = answer.get();
    if (!created) {
      std::fprintf(stderr, "create: %s (%s)\n", created.error().message.c_str(), created.error().field.c_str());
      return 1;
    }
    for (const std::string& warning : created->warnings) std::printf("%s  warning: %s\n", created->id.c_str(), warning.c_str());
    good = follow(client, created->id) && good;
  }
  return good ? 0 : 1;
}
