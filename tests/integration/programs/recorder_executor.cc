// An executor for the integration tests. Each handler first writes one line to the recorder's Unix socket, before anything else, so
// that the recorder knows every call whatever becomes of this process (tests/integration/history.py has the line's format).

#include <boost/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "meepo/executor.h"

namespace {

std::int64_t now_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::string quoted(std::string_view text) { return boost::json::serialize(boost::json::string(text)); }

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::_Exit(3);
}

/// The connection to the recorder. Any thread. Without its witness the process must not go on: it exits.
class Recorder {
 public:
  Recorder(const std::string& path, std::string name) : name_(quoted(name)), socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
      std::fprintf(stderr, "--recorder %s: longer than a Unix socket's path may be\n", path.c_str());
      std::_Exit(2);
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    if (socket_ < 0 || connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      die("connect to the recorder");
    }
  }

  /// Returns once the kernel has the line. `rest`: further members, each with a comma before it.
  void write(std::string_view kind, const meepo::Context& context, std::string_view rest) {
    const std::lock_guard lock(mutex_);
    const std::string line = "{\"rt\":" + std::to_string(now_ns(CLOCK_REALTIME)) + ",\"mt\":" + std::to_string(now_ns(CLOCK_MONOTONIC)) +
                             ",\"p\":" + name_ + ",\"pid\":" + std::to_string(getpid()) + ",\"t\":\"" + std::string(kind) +
                             "\",\"firing\":" + quoted(context.firing_id()) + ",\"att\":" + std::to_string(context.attempt()) +
                             std::string(rest) + "}\n";
    for (std::string_view left = line; !left.empty();) {
      const ssize_t sent = send(socket_, left.data(), left.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EINTR) {
        die("write to the recorder");
      }
      left.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    }
  }

 private:
  std::string name_;
  int socket_;
  std::mutex mutex_;
};

/// The parameters; the first is the create's key.
struct Arguments {
  explicit Arguments(std::string_view json) : text(json), values(boost::json::parse(json).as_array()) {}
  std::string key() const { return values.empty() ? "null" : boost::json::serialize(values[0]); }
  std::int64_t number() const { return values.size() > 1 ? values[1].to_number<std::int64_t>() : 0; }

  std::string text;
  boost::json::array values;
};

std::string stamp(const meepo::Context& context, const Arguments& arguments) {
  return "{\"firing\":" + quoted(context.firing_id()) + ",\"attempt\":" + std::to_string(context.attempt()) +
         ",\"key\":" + arguments.key() + "}";
}

/// The rung's index in "<task id>@r<index>"; 0 for other ticks.
long rung(const meepo::Context& context) {
  const auto id = context.firing_id();
  const auto at = id.find("@r");
  return at == std::string_view::npos ? 0 : std::strtol(std::string(id.substr(at + 2)).c_str(), nullptr, 10);
}

using Method = meepo::Answer (*)(meepo::Context&, const Arguments&);

meepo::Answer slow(meepo::Context& context, const Arguments& arguments) {
  return context.wait_cancelled(std::chrono::milliseconds(arguments.number())) ? meepo::Answer::stopped() : meepo::Answer(arguments.key());
}

meepo::Answer talk(meepo::Context& context, const Arguments& arguments) {
  context.progress("half");
  context.log("first line");
  context.log("second line");
  return slow(context, arguments);
}

const std::map<std::string, Method>& methods() {
  static const std::map<std::string, Method> table = {
      {"record", [](meepo::Context&, const Arguments& arguments) { return meepo::Answer(arguments.text); }},
      {"stamp", [](meepo::Context& context, const Arguments& arguments) { return meepo::Answer(stamp(context, arguments)); }},
      {"fail", [](meepo::Context&, const Arguments&) { return meepo::Answer::failure("asked to fail"); }},
      {"fail_first",
       [](meepo::Context& context, const Arguments& arguments) {
         return context.attempt() == 1 ? meepo::Answer::failure("asked to fail once") : meepo::Answer(arguments.key());
       }},
      {"fail_before_rung",
       [](meepo::Context& context, const Arguments& arguments) {
         return rung(context) < arguments.number() ? meepo::Answer::failure("a rung too early") : meepo::Answer(stamp(context, arguments));
       }},
      {"slow", slow},
      {"talk", talk},
      {"stubborn",  // does not look whether it was cancelled
       [](meepo::Context&, const Arguments& arguments) {
         usleep(static_cast<useconds_t>(arguments.number() * 1000));
         return meepo::Answer(arguments.key());
       }},
      {"crash", [](meepo::Context&, const Arguments&) -> meepo::Answer { std::abort(); }},
  };
  return table;
}

std::string outcome_of(const meepo::Answer& answer) {
  switch (answer.kind()) {
    case meepo::Answer::Kind::Success: return "ok";
    case meepo::Answer::Kind::Failure: return "fail";
    case meepo::Answer::Kind::Stopped: return "cancelled";
  }
  return "";
}

meepo::Handler handler(Recorder& recorder, const std::string& name, Method method) {
  return [&recorder, name, method](meepo::Context& context, std::string_view params) -> meepo::Answer {
    recorder.write("call", context,
                   ",\"method\":" + quoted(name) + ",\"due\":" + std::to_string(context.due().time_since_epoch().count()) +
                       ",\"args\":" + quoted(params));
    meepo::Answer answer = method(context, Arguments(params));
    recorder.write("end", context, ",\"outcome\":\"" + outcome_of(answer) + "\"");
    return answer;
  };
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

int main(int count, char** values) {
  std::map<std::string, std::string> options = {
      {"--scheduler", ""}, {"--recorder", ""},      {"--name", "recorder"},           {"--credits", "256"},
      {"--threads", "8"},  {"--drain-ms", "10000"}, {"--interface", "test.Recorder"}, {"--token", ""}};
  for (int i = 1; i < count; i += 2) {
    const auto option = options.find(values[i]);
    if (option == options.end() || i + 1 == count) {
      std::fprintf(
          stderr,
          "%s: expected --scheduler HOST:PORT,… --recorder SOCKET [--name|--credits|--threads|--drain-ms|--interface|--token VALUE]\n",
          values[i]);
      return 2;
    }
    option->second = values[i + 1];
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // before any thread is made: only sigwait takes them

  Recorder recorder(options["--recorder"], options["--name"]);
  meepo::Executor executor({.schedulers = split(options["--scheduler"]),
                            .token = options["--token"],
                            .name = options["--name"],
                            .credits = static_cast<std::uint32_t>(std::stoul(options["--credits"])),
                            .threads = static_cast<std::uint32_t>(std::stoul(options["--threads"])),
                            .drain = std::chrono::milliseconds(std::stol(options["--drain-ms"]))});
  for (const auto& [name, method] : methods()) {
    executor.handle(options["--interface"], name, handler(recorder, name, method));
  }
  if (const auto started = executor.start(); !started) {
    std::fprintf(stderr, "%s\n", started.error().message.c_str());
    return 1;
  }
  std::printf("ready\n");
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  return executor.stop() == 0 ? 0 : 1;
}
