// --wait: a task's way to its end, as lines.

#include <algorithm>
#include <chrono>
#include <thread>

#include "task_commands.h"

namespace meepo::cli {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPollFirst{20};
constexpr milliseconds kPollMost{500};

/// Prints a line when it says something else than the last one.
class Lines {
 public:
  explicit Lines(std::FILE* out) : out_(out) {}
  bool say(const std::string& line) {
    if (line == last_) return false;
    last_ = line;
    std::fprintf(out_, "%s\n", line.c_str());
    std::fflush(out_);
    return true;
  }

 private:
  std::FILE* const out_;
  std::string last_;
};

std::string standing(const v1::Task& task) {
  std::string line = v1::Status::Value_Name(task.status());
  const v1::Firing* firing = task.has_latest() ? &task.latest() : task.has_armed() ? &task.armed() : nullptr;
  if (firing != nullptr) line += "  " + firing->id() + "  " + standing_of(*firing);
  return line;
}

/// What the running attempt reported last; empty if nothing, or nothing runs.
std::string progress(client::Client& client, const v1::Task& task) {
  if (task.latest().state() != v1::Firing::RUNNING) return {};
  v1::LedgerRequest request;
  request.set_id(task.id());
  const auto ledger = client.ledger(request);
  if (!ledger) return {};
  for (const v1::LedgerRow& row : ledger->rows()) {
    if (row.firing().id() != task.latest().id() || row.attempts().empty()) continue;
    return row.attempts().rbegin()->progress();
  }
  return {};
}

}  // namespace

int follow(client::Client& client, const std::string& id, const Invocation& invocation) {
  Lines lines(invocation.json ? stderr : stdout);
  v1::GetTaskRequest request;
  request.set_id(id);
  milliseconds wait = kPollFirst;
  for (;;) {
    const auto task = client.get(request);
    if (!task && task.error().code != Code::Unavailable) return tell(task.error(), invocation.json);
    if (!task) {
      // The scheduler is away; it goes on where it was when it is back.
      lines.say("waiting for the server: " + task.error().message);
    } else if (task->has_ended_at()) {
      const int shown = show(task, invocation, [](const v1::Task& ended) { return describe(ended); });
      return task->status() == v1::Status::DONE ? shown : kFailure;
    } else {
      std::string line = standing(*task);
      const std::string said = progress(client, *task);
      if (!said.empty()) line += "  " + shortened(said, 120);
      wait = lines.say(line) ? kPollFirst : std::min(wait * 2, kPollMost);
    }
    std::this_thread::sleep_for(wait);
  }
}

}  // namespace meepo::cli
