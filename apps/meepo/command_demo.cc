// meepo demo

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "child_process.h"
#include "command.h"
#include "demo_story.h"

namespace meepo::cli {

namespace {

constexpr milliseconds kStart{10'000};
constexpr milliseconds kStop{15'000};

/// The gRPC address in the first line of `meepo dev --json`.
Result<std::string> grpc_address(ChildProcess& server) {
  const auto line = server.first_line(kStart);
  if (!line) return fail(line.error());
  boost::system::error_code error;
  const boost::json::value ready = boost::json::parse(*line, error);
  const boost::json::value* const address = !error && ready.is_object() ? ready.get_object().if_contains("grpc") : nullptr;
  if (address == nullptr || !address->is_string())
    return fail(Code::Internal, "the server's first line is \"" + *line + "\"; expected its addresses");
  return std::string(address->get_string());
}

Result<void> wait_for_executor(client::Client& client) {
  const auto until = std::chrono::steady_clock::now() + kStart;
  while (std::chrono::steady_clock::now() < until) {
    const auto executors = client.executors();
    if (executors && executors->executors_size() > 0) return {};
    std::this_thread::sleep_for(milliseconds(10));
  }
  return fail(Code::Timeout, "no executor connected within " + std::to_string(kStart.count()) + " ms");
}

/// Both processes must end with 0 when they are asked to.
int stop(ChildProcess& process, const char* name) {
  const auto code = process.stop(kStop);
  const bool good = code && *code == 0;
  std::printf("  %s the %s stops with 0 on SIGTERM%s\n", good ? "✓" : "✗", name,
              good ? "" : (", but seen: " + (code ? std::to_string(*code) : code.error().message)).c_str());
  return good ? 0 : 1;
}

/// A folder that goes with this object.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "meepo-demo-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Result<ChildProcess> start_server(const Folder& folder, const std::string& grpc) {
  return ChildProcess::start(
      {"dev", "--data-dir", folder.path(), "--no-executor", "--http", "127.0.0.1:0", "--grpc", grpc, "--log-level", "error", "--json"});
}

int demo() {
  const Folder folder;
  auto started = start_server(folder, "127.0.0.1:0");
  if (!started) return tell(started.error(), false);
  std::optional<ChildProcess> server(std::move(*started));
  const auto address = grpc_address(*server);
  if (!address) return tell(address.error(), false);
  auto executor = ChildProcess::start({"executor", "--scheduler", *address, "--name", "demo", "--log-level", "error", "--json"});
  if (!executor) return tell(executor.error(), false);
  std::printf("A scheduler listens at %s, an executor in another process serves meepo.demo.Echo.\n", address->c_str());
  std::fflush(stdout);
  const Restart restart = [&](milliseconds down) -> Result<void> {
    if (auto code = server->stop(kStop); !code) return fail(std::move(code.error()));
    std::this_thread::sleep_for(down);
    auto again = start_server(folder, *address);
    if (!again) return fail(std::move(again.error()));
    server.emplace(std::move(*again));
    if (auto listens = grpc_address(*server); !listens) return fail(std::move(listens.error()));
    return {};
  };
  int failures = 0;
  {
    const auto client = client::Client::connect({.address = *address, .token = {}, .timeout = milliseconds(5'000), .writer = {}});
    if (!client) return tell(client.error(), false);
    if (const auto connected = wait_for_executor(**client); !connected) return tell(connected.error(), false);
    failures += tell_story(**client, restart);
  }
  std::printf("\nThe end\n");
  failures += stop(*executor, "executor");
  failures += stop(*server, "scheduler");
  if (failures == 0) {
    std::puts("\nEverything was as expected.");
  } else {
    std::printf("\n%d expectations were not met.\n", failures);
  }
  return failures == 0 ? kOk : kFailure;
}

}  // namespace

void add_demo(CLI::App& app, Invocation& invocation) {
  CLI::App& command =
      add_command(app, "demo", "Start a scheduler and an executor, show what they do, check every expectation", "  meepo demo");
  command.callback([&invocation] { invocation.run = [] { return demo(); }; });
}

}  // namespace meepo::cli
