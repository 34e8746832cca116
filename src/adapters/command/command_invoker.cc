#include "adapters/command/command_invoker.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/parse.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "adapters/command/process.h"
#include "base/text.h"

namespace meepo::adapters::command {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kErrorsInMessage = 500;
constexpr milliseconds kOutputAfterEnd{500};  ///< a process that it left behind may still hold the pipes

ports::InvokeResult failed(std::string error) { return {.outcome = Outcome::Fail, .result = std::nullopt, .error = std::move(error)}; }

std::vector<std::string> environment_of(const CommandTarget& target, const std::string& app_id, const ports::RunContext& context) {
  std::map<std::string, std::string> all;
  for (const char* name : {"PATH", "LANG", "TZ"}) {
    if (const char* value = std::getenv(name)) all[name] = value;  // NOLINT(concurrency-mt-unsafe): nobody sets variables here
  }
  for (const auto& [name, value] : target.env) all[name] = value;
  all["MEEPO_FIRING_ID"] = context.id().text();
  all["MEEPO_ATTEMPT"] = std::to_string(context.attempt());
  all["MEEPO_TICK"] = context.id().tick.text();
  all["MEEPO_DUE"] = to_iso_utc(context.due());
  all["MEEPO_DEADLINE"] = to_iso_utc(context.deadline());
  all["MEEPO_APP"] = app_id;
  std::vector<std::string> out;
  out.reserve(all.size());
  for (const auto& [name, value] : all) out.push_back(name + "=" + value);
  return out;
}

/// One running process. On the io thread.
class Running : public std::enable_shared_from_this<Running> {
 public:
  using Done = std::move_only_function<void(ports::InvokeResult)>;
  using Over = std::function<void(const std::shared_ptr<Running>&)>;

  Running(asio::io_context& io, const CommandInvoker::Options& options, Process process, std::shared_ptr<ports::RunContext> context,
          Done done, Over over)
      : options_(options),
        process_(process),
        context_(std::move(context)),
        done_(std::move(done)),
        over_(std::move(over)),
        ended_(io, process.pidfd),
        output_(io, process.output),
        errors_(io, process.errors),
        timer_(io) {}

  void start() {
    read_output();
    read_errors();
    ended_.async_wait(asio::posix::descriptor_base::wait_read, [self = shared_from_this()](error_code error) {
      if (!error) self->ended();
    });
  }

  void cancel() {
    if (status_ || std::exchange(cancelled_, true)) return;
    kill(-process_.pid, SIGTERM);
    timer_.expires_after(options_.kill_grace);
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (!error && !self->status_) kill(-self->process_.pid, SIGKILL);
    });
  }

  /// The invoker goes.
  void abandon() {
    done_ = nullptr;
    if (!status_) {
      kill(-process_.pid, SIGKILL);
      reap(process_);
    }
  }

 private:
  void read_output() {
    output_.async_read_some(asio::buffer(output_block_), [self = shared_from_this()](error_code error, std::size_t size) {
      if (error) {
        self->output_open_ = false;
        self->finish_if_over();
        return;
      }
      const std::size_t room = self->options_.output_bytes - self->text_.size();
      self->text_.append(self->output_block_.data(), std::min(size, room));
      self->output_cut_ = self->output_cut_ || size > room;
      self->read_output();
    });
  }

  void read_errors() {
    errors_.async_read_some(asio::buffer(errors_block_), [self = shared_from_this()](error_code error, std::size_t size) {
      if (error) {
        if (!self->line_.empty()) self->context_->log(std::exchange(self->line_, {}));
        self->errors_open_ = false;
        self->finish_if_over();
        return;
      }
      self->take_errors({self->errors_block_.data(), size});
      self->read_errors();
    });
  }

  void take_errors(std::string_view text) {
    last_errors_.append(text);
    if (last_errors_.size() > kErrorsInMessage) last_errors_.erase(0, last_errors_.size() - kErrorsInMessage);
    for (const char c : text) {
      if (c == '\n' || line_.size() >= limits::kLogLineBytesKept) context_->log(std::exchange(line_, {}));
      if (c != '\n') line_ += c;
    }
  }

  void ended() {
    // Before its number is free for another process: nothing of its group outlives it.
    kill(-process_.pid, SIGKILL);
    status_ = reap(process_);
    timer_.expires_after(kOutputAfterEnd);
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (error) return;
      error_code ignored;
      self->output_.close(ignored);
      self->errors_.close(ignored);
    });
    finish_if_over();
  }

  void finish_if_over() {
    if (!status_ || output_open_ || errors_open_ || !done_) return;
    timer_.cancel();
    auto done = std::exchange(done_, nullptr);
    done(result());
    over_(shared_from_this());
  }

  ports::InvokeResult result() {
    if (cancelled_)
      return {.outcome = Outcome::Stopped,
              .result = std::nullopt,
              .error = "the process was ended: " + (status_->empty() ? "exit code 0" : *status_)};
    if (!status_->empty()) {
      while (!last_errors_.empty() && !is_utf8(last_errors_)) last_errors_.erase(0, 1);
      return failed(*status_ + (last_errors_.empty() ? "" : ": " + last_errors_));
    }
    if (output_cut_) return failed("it wrote more than " + std::to_string(options_.output_bytes) + " bytes to standard output");
    ports::InvokeResult out{.outcome = Outcome::Success, .result = std::nullopt, .error = {}};
    if (text_.empty()) return out;
    error_code no_json;
    if (is_utf8(text_)) boost::json::parse(text_, no_json);
    const bool json = is_utf8(text_) && !no_json;
    out.result = Payload{.encoding = json ? Encoding::Json : Encoding::Bytes, .data = std::move(text_)};
    return out;
  }

  const CommandInvoker::Options& options_;
  const Process process_;
  const std::shared_ptr<ports::RunContext> context_;
  Done done_;
  const Over over_;
  asio::posix::stream_descriptor ended_;
  asio::posix::stream_descriptor output_;
  asio::posix::stream_descriptor errors_;
  asio::steady_timer timer_;
  std::array<char, 4'096> output_block_{};
  std::array<char, 4'096> errors_block_{};
  std::string text_;
  std::string line_;
  std::string last_errors_;
  bool output_cut_ = false;
  bool output_open_ = true;
  bool errors_open_ = true;
  bool cancelled_ = false;
  std::optional<std::string> status_;
};

}  // namespace

class CommandInvoker::Core : public std::enable_shared_from_this<Core> {
 public:
  explicit Core(Options options) : options_(std::move(options)) {}

  Result<void> check() const {
    for (const std::string& program : options_.programs) {
      if (!program.starts_with('/') || access(program.c_str(), X_OK) != 0) {
        return fail(Code::InvalidArgument, "the program is \"" + program + "\": expected the absolute path of an executable file",
                    "command-allow");
      }
    }
    struct stat folder{};
    if (stat(options_.folder.c_str(), &folder) != 0 || !S_ISDIR(folder.st_mode)) {
      return fail(Code::InvalidArgument, "the folder of commands is \"" + options_.folder + "\": expected a directory", "command-folder");
    }
    return {};
  }

  void start() {
    thread_ = std::thread([this] { io_.run(); });
  }

  void stop() {
    work_.reset();
    io_.stop();
    if (thread_.joinable()) thread_.join();
    for (const auto& running : std::exchange(running_, {})) running->abandon();
  }

  void invoke(ports::Invocation invocation, std::move_only_function<void()> started, Running::Done done) {
    asio::post(io_, [self = shared_from_this(), invocation = std::move(invocation), started = std::move(started),
                     done = std::move(done)]() mutable { self->begin(std::move(invocation), std::move(started), std::move(done)); });
  }

 private:
  void begin(ports::Invocation invocation, std::move_only_function<void()> started, Running::Done done) {
    const auto context = invocation.context;
    started();
    if (context->cancelled()) {
      done({.outcome = Outcome::Stopped, .result = std::nullopt, .error = "cancelled before it was started"});
      return;
    }
    const auto* target = std::get_if<CommandTarget>(&invocation.target);
    if (target == nullptr || target->argv.empty() ||
        std::ranges::find(options_.programs, target->argv.front()) == options_.programs.end()) {
      done(failed("running " + target_label(invocation.target) +
                  ": the program is not among those that this executor may run (--command-allow)"));
      return;
    }
    auto process =
        spawn({.argv = target->argv, .environment = environment_of(*target, invocation.app_id, *context), .folder = options_.folder});
    if (!process) {
      done(failed(process.error().message));
      return;
    }
    const auto running = std::make_shared<Running>(io_, options_, *process, context, std::move(done),
                                                   [this](const std::shared_ptr<Running>& over) { running_.erase(over); });
    running_.insert(running);
    running->start();
    context->on_cancel([weak = weak_from_this(), weak_running = std::weak_ptr(running)] {
      const auto self = weak.lock();
      if (!self) return;
      asio::post(self->io_, [self, weak_running] {
        if (const auto cancelled = weak_running.lock()) cancelled->cancel();
      });
    });
  }

  const Options options_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::set<std::shared_ptr<Running>> running_;
  std::thread thread_;
};

Result<std::unique_ptr<CommandInvoker>> CommandInvoker::start(Options options) {
  auto core = std::make_shared<Core>(std::move(options));
  if (auto checked = core->check(); !checked) return fail(std::move(checked.error()));
  core->start();
  return std::unique_ptr<CommandInvoker>(new CommandInvoker(std::move(core)));
}

CommandInvoker::CommandInvoker(std::shared_ptr<Core> core) : core_(std::move(core)) {}
CommandInvoker::~CommandInvoker() { core_->stop(); }

void CommandInvoker::invoke(ports::Invocation invocation, std::move_only_function<void()> started,
                            std::move_only_function<void(ports::InvokeResult)> done) {
  core_->invoke(std::move(invocation), std::move(started), std::move(done));
}

}  // namespace meepo::adapters::command
