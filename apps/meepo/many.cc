#include "many.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "print.h"

namespace meepo::cli {
namespace {

constexpr std::chrono::seconds kProgressEvery{1};

std::string tasks_text(std::size_t count) { return std::to_string(count) + (count == 1 ? " task" : " tasks"); }

int refuse(std::string message, const Invocation& invocation, const char* field) {
  return tell({.code = Code::InvalidArgument, .message = std::move(message), .field = field, .cause = {}}, invocation.json, kUsage);
}

void preview(const Found& found, const std::string& verb) {
  v1::ListTasksResponse first;
  for (std::size_t i = 0; i < std::min(found.tasks.size(), kTasksPreviewed); ++i) *first.add_tasks() = found.tasks[i];
  std::fputs(describe(first).c_str(), stdout);
  if (found.tasks.size() > kTasksPreviewed) std::printf("… and %zu more\n", found.tasks.size() - kTasksPreviewed);
  std::printf("%s%s to %s\n", found.more ? "the first " : "", tasks_text(found.tasks.size()).c_str(), verb.c_str());
  std::fflush(stdout);
}

bool is_confirmed(const std::string& verb, std::size_t count) {
  std::printf("%s %s? [y/N] ", verb.c_str(), tasks_text(count).c_str());
  std::fflush(stdout);
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y';
}

/// What became of them.
class Tally {
 public:
  Tally(std::size_t all, bool shows_progress) : all_(all), shows_progress_(shows_progress) {}

  void add(const v1::Task& task, const Result<bool>& changed) {
    ++looked_at_;
    if (!changed) {
      ++failed_count_;
      if (failed_.size() < kTasksPreviewed) {
        failed_.push_back(
            boost::json::object{{"id", task.id()}, {"code", to_string(changed.error().code)}, {"message", changed.error().message}});
      }
    } else if (*changed) {
      ++changed_;
    }
    const auto now = std::chrono::steady_clock::now();
    if (!shows_progress_ || now < next_progress_) return;
    next_progress_ = now + kProgressEvery;
    std::fprintf(stderr, "%zu of %zu\n", looked_at_, all_);
  }

  int show(bool json, bool more) const {
    if (json) {
      const boost::json::object object{
          {"found", all_}, {"more", more}, {"changed", changed_}, {"failed", failed_count_}, {"failures", failed_}};
      std::puts(boost::json::serialize(object).c_str());
    } else {
      std::printf("changed %zu, nothing to do for %zu, failed %zu\n", changed_, looked_at_ - changed_ - failed_count_, failed_count_);
      for (const auto& failure : failed_) {
        std::fprintf(stderr, "%s: %s\n", failure.at("id").as_string().c_str(), failure.at("message").as_string().c_str());
      }
      if (more) std::puts("There are more: run it again.");
    }
    return failed_count_ == 0 ? kOk : kFailure;
  }

 private:
  const std::size_t all_;
  const bool shows_progress_;
  std::size_t looked_at_ = 0;
  std::size_t changed_ = 0;
  std::size_t failed_count_ = 0;
  boost::json::array failed_;
  std::chrono::steady_clock::time_point next_progress_ = std::chrono::steady_clock::now() + kProgressEvery;
};

}  // namespace

void add_many_flags(CLI::App& command, ManyFlags& flags) {
  add_filter_flags(command, flags.filter);
  command.add_flag("--all", flags.all, "All tasks, without a filter");
  command.add_flag("--dry-run", flags.dry_run, "Only show which tasks it would change");
  command.add_flag("--yes", flags.yes, "Do not ask");
}

int change_many(client::Client& client, const ManyFlags& flags, const std::string& verb, const ChangeOne& change,
                const Invocation& invocation) {
  if (flags.filter.empty() && !flags.all) {
    return refuse("which tasks to " + verb + " is not said: expected an ID, a filter such as --app shop, or --all", invocation, "id");
  }
  const auto request = list_request(flags.filter);
  if (!request) return tell(request.error(), invocation.json, kUsage);
  auto found = find_tasks(client, *request, kTasksAtOnceMax);
  if (!found) return tell(found.error(), invocation.json);
  if (!invocation.json) preview(*found, verb);
  if (flags.dry_run || found->tasks.empty()) {
    return invocation.json ? Tally(found->tasks.size(), false).show(true, found->more) : kOk;
  }
  if (!flags.yes) {
    if (invocation.json || isatty(STDIN_FILENO) == 0) {
      return refuse("nothing was changed: expected --yes, because there is nobody to ask", invocation, "--yes");
    }
    if (!is_confirmed(verb, found->tasks.size())) {
      std::puts("Nothing was changed.");
      return kOk;
    }
  }
  Tally tally(found->tasks.size(), isatty(STDERR_FILENO) != 0);
  for (const auto& task : found->tasks) tally.add(task, change(client, task));
  return tally.show(invocation.json, found->more);
}

}  // namespace meepo::cli
