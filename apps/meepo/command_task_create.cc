// meepo task create

#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "spec_flags.h"
#include "task_commands.h"

namespace meepo::cli {

namespace {

struct CreateFlags {
  ServerFlags server;
  SpecFlags spec;
  std::string file;
  bool wait = false;
};

// One message a batch: a fifth of what CreateBatch takes keeps large specs below the message limit.
constexpr std::size_t kBatchItems = limits::kBatchItemsMax / 5;
constexpr std::size_t kBatchBytes = limits::kGrpcMessageBytesMax / 2;

constexpr int kExhaustedTries = 100;
constexpr std::chrono::milliseconds kExhaustedPause{100};

int create_one(const CreateFlags& flags, const Invocation& invocation) {
  if (flags.spec.service.empty()) {
    return tell({.code = Code::InvalidArgument,
                 .message = "--service is missing; expected INTERFACE#METHOD, or --file",
                 .field = "--service",
                 .cause = {}},
                invocation.json, kUsage);
  }
  v1::CreateTaskRequest request;
  auto spec = spec_from(flags.spec);
  if (!spec) return tell(spec.error(), invocation.json, kUsage);
  *request.mutable_spec() = std::move(*spec);
  const auto client = connect(flags.server);
  if (!client) return tell(client.error(), invocation.json, kUsage);
  const auto created = (*client)->create(request);
  if (!created) return tell(created.error(), invocation.json);
  if (!flags.wait || !invocation.json) {
    std::fputs((invocation.json ? to_json(*created) + "\n" : describe(*created)).c_str(), stdout);
    std::fflush(stdout);
  }
  return flags.wait ? follow(**client, created->id(), invocation) : kOk;
}

/// Specs on their way, and the line that each came from.
struct Batch {
  v1::CreateBatchRequest request;
  std::vector<std::size_t> lines;
  std::size_t bytes = 0;
};

/// Sends what was gathered and prints a line a spec, in order. False: at least one was not created.
bool send(client::Client& client, Batch& batch, const Invocation& invocation) {
  if (batch.lines.empty()) return true;
  auto answer = client.create_batch(batch.request);
  // The server has as many to write as it takes: nothing of this batch was created, and soon there is room.
  for (int i = 0; i < kExhaustedTries && !answer && answer.error().code == Code::Exhausted; ++i) {
    std::this_thread::sleep_for(kExhaustedPause);
    answer = client.create_batch(batch.request);
  }
  if (!answer) {
    const std::string where = "--file, lines " + std::to_string(batch.lines.front()) + " to " + std::to_string(batch.lines.back());
    tell(Error(answer.error()).prefixed(where), invocation.json);
    batch = {};
    return false;
  }
  bool good = true;
  for (int i = 0; i < answer->items_size(); ++i) {
    const auto& item = answer->items(i);
    good = good && item.has_created();
    if (invocation.json) {
      std::printf("%s\n", to_json(item).c_str());
    } else if (item.has_created()) {
      std::printf("%s\n", item.created().id().c_str());
      for (const std::string& warning : item.created().warnings())
        std::fprintf(stderr, "%s: warning: %s\n", item.created().id().c_str(), warning.c_str());
    } else {
      std::fprintf(stderr, "meepo: --file, line %zu: %s\n", batch.lines[static_cast<std::size_t>(i)], item.error().message().c_str());
    }
  }
  batch = {};
  return good;
}

int create_from(std::istream& in, const CreateFlags& flags, const Invocation& invocation) {
  const auto client = connect(flags.server);
  if (!client) return tell(client.error(), invocation.json, kUsage);
  Batch batch;
  bool good = true;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto spec = spec_from_json(line);
    if (!spec) return tell(std::move(spec.error()).prefixed("--file, line " + std::to_string(number)), invocation.json);
    if (spec->app_id().empty()) spec->set_app_id(flags.spec.app);
    batch.bytes += spec->ByteSizeLong();
    *batch.request.add_specs() = std::move(*spec);
    batch.lines.push_back(number);
    if (batch.lines.size() >= kBatchItems || batch.bytes >= kBatchBytes) good = send(**client, batch, invocation) && good;
  }
  good = send(**client, batch, invocation) && good;
  return good ? kOk : kFailure;
}

int create_many(const CreateFlags& flags, const Invocation& invocation) {
  if (flags.file == "-") return create_from(std::cin, flags, invocation);
  std::ifstream file(flags.file);
  if (!file) {
    return tell({.code = Code::InvalidArgument,
                 .message = "--file is \"" + flags.file + "\"; expected a readable file, or - for standard input",
                 .field = "--file",
                 .cause = {}},
                invocation.json, kUsage);
  }
  return create_from(file, flags, invocation);
}

}  // namespace

void add_task_create(CLI::App& task, Invocation& invocation) {
  const auto flags = std::make_shared<CreateFlags>();
  CLI::App& command = add_command(
      task, "create", "Create a task, or many from a file",
      "  meepo task create --app demo --service meepo.demo.Echo#echo --params '[\"hello\"]' --wait\n"
      "  meepo task create --app shop --kind ladder --define 0,1,3,5 --run-once --service com.example.Billing#settle --params '[42]'\n"
      "  meepo task create --app shop --kind plan --define '0 0 9 * * MON-FRI' --zone Asia/Shanghai --service com.example.Billing#settle\n"
      "  meepo task create --app shop --kind timing --define 20261224180000 --zone Asia/Shanghai --service com.example.Mail#send\n"
      "  meepo task create --app shop --service com.example.Billing#settle --retry exponential:5:1s:2:60s:0.1 --timeout 30s\n"
      "  meepo task create --file tasks.jsonl   (a spec a line, as POST /v1/tasks takes it)");
  add_spec_flags(command, flags->spec);
  CLI::Option* wait = command.add_flag("--wait", flags->wait, "Follow the task until it has ended; exit 0 only if it ended DONE");
  command.add_option("--file", flags->file, "JSON lines, a spec each; - for standard input; --app for those without appId")->excludes(wait);
  add_server_flags(command, flags->server);
  add_json(command, invocation);
  command.callback([flags, &invocation] {
    invocation.run = [flags, &invocation] {
      return flags->file.empty() ? create_one(*flags, invocation) : create_many(*flags, invocation);
    };
  });
}

}  // namespace meepo::cli
