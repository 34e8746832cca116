// meepo backup, restore, fsck: the data folder's files

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include "base/time.h"
#include "serve.h"

namespace meepo::cli {
namespace {

struct DataFlags {
  std::string data_dir;
  std::string file;
  bool repair = false;
};

/// "before-restore-20261127T011500123Z"
std::string kept_name(const std::string& before) {
  const auto now = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
  std::string name = "before-" + before + "-";
  for (const char c : to_iso_utc(now)) {
    if (c != '-' && c != ':' && c != '.') name += c;
  }
  return name;
}

double mebibytes(std::uint64_t bytes) { return static_cast<double>(bytes) / (1U << 20U); }

int backup(const DataFlags& flags, bool json) {
  const bool shows_progress = !json && isatty(STDERR_FILENO) != 0;
  const auto report = back_up(flags.data_dir, flags.file, [&](std::uint64_t done, std::uint64_t all) {
    if (shows_progress)
      std::fprintf(stderr, "\r%3.0f %%", 100.0 * static_cast<double>(done) / static_cast<double>(std::max<std::uint64_t>(all, 1)));
  });
  if (shows_progress) std::fputs("\r", stderr);
  if (!report) return tell(report.error(), json);
  if (json) {
    const boost::json::object object{{"file", flags.file}, {"bytes", report->bytes}, {"tasks", report->tasks}, {"schema", report->schema}};
    std::puts(boost::json::serialize(object).c_str());
  } else {
    std::printf("%s: %llu tasks, %.1f MiB, checked\n", flags.file.c_str(), static_cast<unsigned long long>(report->tasks),
                mebibytes(report->bytes));
  }
  return kOk;
}

int put_back(const DataFlags& flags, bool json) {
  const auto report = restore(flags.file, flags.data_dir, kept_name("restore"));
  if (!report) return tell(report.error(), json);
  if (json) {
    const boost::json::object object{{"tasks", report->backup.tasks}, {"bytes", report->backup.bytes}, {"kept", report->kept}};
    std::puts(boost::json::serialize(object).c_str());
    return kOk;
  }
  std::printf("%llu tasks are in %s\n", static_cast<unsigned long long>(report->backup.tasks), flags.data_dir.c_str());
  if (report->kept.empty()) return kOk;
  std::printf("What was there is in %s; to undo this: meepo restore %s/meepo.db --data-dir %s\n", report->kept.c_str(),
              report->kept.c_str(), flags.data_dir.c_str());
  return kOk;
}

int show_check(const CheckReport& report, bool json) {
  if (json) {
    const boost::json::object object{
        {"tasks", report.tasks},        {"firings", report.firings},
        {"faults", report.fault_count}, {"repaired", report.repaired},
        {"kept", report.kept},          {"firstFaults", boost::json::array(report.faults.begin(), report.faults.end())}};
    std::puts(boost::json::serialize(object).c_str());
  } else {
    for (const auto& fault : report.faults) std::printf("%s\n", fault.c_str());
    std::printf("%llu tasks, %llu firings, %llu faults, %llu repaired\n", static_cast<unsigned long long>(report.tasks),
                static_cast<unsigned long long>(report.firings), static_cast<unsigned long long>(report.fault_count),
                static_cast<unsigned long long>(report.repaired));
    if (!report.kept.empty()) std::printf("The file as it was before: %s\n", report.kept.c_str());
  }
  return report.fault_count == report.repaired ? kOk : kFailure;
}

int look(const DataFlags& flags, bool json) {
  const auto report = check(flags.data_dir, flags.repair, kept_name("repair") + ".db");
  return report ? show_check(*report, json) : tell(report.error(), json);
}

CLI::App& add_data_command(CLI::App& app, Invocation& invocation, const std::shared_ptr<DataFlags>& flags, const std::string& name,
                           const std::string& help, const std::string& examples, int (*run)(const DataFlags& flags, bool json)) {
  flags->data_dir = default_data_dir();
  CLI::App& command = add_command(app, name, help, examples);
  add_setting(command, "--data-dir", flags->data_dir, "The data folder")->capture_default_str();
  add_json(command, invocation);
  command.callback([flags, run, &invocation] { invocation.run = [flags, run, &invocation] { return run(*flags, invocation.json); }; });
  return command;
}

}  // namespace

void add_backup(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<DataFlags>();
  add_data_command(app, invocation, flags, "backup", "Copy a data folder to a file, also while a server uses it, and check the copy",
                   "  meepo backup /backup/meepo-monday.db --data-dir /var/lib/meepo", backup)
      .add_option("file", flags->file, "Where the copy goes; nothing is overwritten")
      ->required();
}

void add_restore(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<DataFlags>();
  add_data_command(app, invocation, flags, "restore", "Put a backup in a data folder; what was there is kept beside it",
                   "  meepo restore /backup/meepo-monday.db --data-dir /var/lib/meepo", put_back)
      .add_option("file", flags->file, "The backup")
      ->required();
}

void add_fsck(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<DataFlags>();
  add_data_command(app, invocation, flags, "fsck", "Look whether a data folder holds together; no server may use it",
                   "  meepo fsck --data-dir /var/lib/meepo\n  meepo fsck --data-dir /var/lib/meepo --repair", look)
      .add_flag("--repair", flags->repair, "Mend what follows from other rows: indexes and counts; a copy is made first");
}

}  // namespace meepo::cli
