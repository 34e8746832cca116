#pragma once
// What a program says of a task: target, kind, options. Plain values; the scheduler checks them and names the field that is wrong.
//
//   auto task = meepo::Task::real(meepo::service("com.example.Billing", "settle").params_json(R"([42, "EUR"])"))
//                   .retry(meepo::Retry::fixed(3, 10s))
//                   .unique_key("settle-42");

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace meepo::inline sdk {

/// A method of a service, with its arguments.
struct ServiceCall {
  std::string interface;
  std::string method;
  std::string service_version{};
  std::string service_group{};
  std::vector<std::string> types{};  ///< Java type names; may be empty for executors that take JSON
  std::string params{};              ///< one JSON array, an element a parameter; empty: no parameter

  ServiceCall version(std::string value) && { return service_version = std::move(value), std::move(*this); }
  ServiceCall group(std::string value) && { return service_group = std::move(value), std::move(*this); }
  ServiceCall param_types(std::vector<std::string> value) && { return types = std::move(value), std::move(*this); }
  /// The text travels as it is, digit by digit: "[9007199254740993, 0.10]" reaches the handler so.
  ServiceCall params_json(std::string array) && { return params = std::move(array), std::move(*this); }
};

inline ServiceCall service(std::string interface, std::string method) {
  return ServiceCall{.interface = std::move(interface), .method = std::move(method)};
}

/// What follows a failed or timed-out attempt. Delays count from the attempt's end.
struct Retry {
  using Delay = std::chrono::milliseconds;
  enum class Kind { None, Ladder, Fixed, Exponential };

  Kind kind = Kind::None;
  std::uint32_t max_retries = 0;
  std::vector<Delay> delays{};  ///< Ladder: one retry a delay; else the first only
  double factor = 2.0;
  Delay cap{0};                 ///< 0: 31 days
  double jitter = 0.0;          ///< 0 to 1

  static Retry none() { return {}; }
  static Retry ladder(std::vector<Delay> delays) { return {.kind = Kind::Ladder, .delays = std::move(delays)}; }
  static Retry fixed(std::uint32_t retries, Delay delay) { return {.kind = Kind::Fixed, .max_retries = retries, .delays = {delay}}; }
  static Retry exponential(std::uint32_t retries, Delay first, double factor = 2.0, Delay cap = Delay(0), double jitter = 0.0) {
    return {.kind = Kind::Exponential, .max_retries = retries, .delays = {first}, .factor = factor, .cap = cap, .jitter = jitter};
  }
};

/// Ticks that nobody could fire in time (LADDER, TIMING, PLAN). A PLAN fires each that is at most 60 s late; then this decides.
struct Misfire {
  enum class Kind { Default, Once, Skip, All };
  Kind kind = Kind::Default;            ///< PLAN: Once, the newest that waits; others: All
  std::uint32_t max = 0;                ///< All: the newest so many; 0: all
  std::chrono::seconds window{0};       ///< none fires that is later than this; 0: no limit
};

/// A planned tick that is due while another firing of its task is under way (LADDER, PLAN). Default: PLAN Skip, LADDER Allow.
enum class Overlap { Default, Skip, BufferOne, BufferAll, CancelOther, Allow };

class Task {
 public:
  using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

  struct Fields {
    std::string app_id;                    ///< empty: the client's
    std::string kind = "REAL";
    std::string define;
    ServiceCall target;
    std::vector<ServiceCall> next;
    bool run_once = false;
    Retry retry;
    std::optional<std::chrono::milliseconds> timeout;
    bool rerun_when_lost = true;
    std::optional<std::uint32_t> priority;
    std::string unique_key;
    std::string request_id;
    std::string name;
    std::string zone;
    std::vector<std::pair<std::string, std::string>> labels;
    Misfire misfire;
    Overlap overlap = Overlap::Default;
    std::optional<Instant> start, end;
    std::uint32_t max_count = 0;
    std::chrono::milliseconds jitter{0};
    bool dst_once = false;
  };

  /// Runs now.
  static Task real(ServiceCall target) { return Task("REAL", {}, std::move(target)); }
  /// Runs once for each number of seconds after its creation: "0,1,3,5".
  static Task ladder(std::string define, ServiceCall target) { return Task("LADDER", std::move(define), std::move(target)); }

  /// Runs once, at a local time of its zone: "20261126093000" (yyyyMMddHHmmss).
  static Task timing(std::string define, ServiceCall target) { return Task("TIMING", std::move(define), std::move(target)); }
  /// Runs at each time of a Spring cron of six fields, second first: "0 30 9 * * MON-FRI".
  static Task plan(std::string cron, ServiceCall target) { return Task("PLAN", std::move(cron), std::move(target)); }

  Task& app_id(std::string value) { return fields_.app_id = std::move(value), *this; }
  /// Each firing that ends well creates one REAL task for the first of these, with the rest as its own next.
  Task& next(ServiceCall target) { return fields_.next.push_back(std::move(target)), *this; }
  Task& run_once(bool value = true) { return fields_.run_once = value, *this; }  ///< no tick after the first success
  Task& retry(Retry value) { return fields_.retry = std::move(value), *this; }
  Task& timeout(std::chrono::milliseconds value) { return fields_.timeout = value, *this; }  ///< of one attempt; default 60 s
  /// For targets that must never be called twice: a run whose executor was lost ends UNKNOWN instead of going again.
  Task& never_rerun_when_lost() { return fields_.rerun_when_lost = false, *this; }
  Task& priority(std::uint32_t value) { return fields_.priority = value, *this; }            ///< 0 to 9, higher first; default 5
  Task& unique_key(std::string value) { return fields_.unique_key = std::move(value), *this; }  ///< one unended task per app and key
  Task& request_id(std::string value) {
    return fields_.request_id = std::move(value), *this;
  }  ///< a repeat within 24 h answers the first id
  Task& name(std::string value) { return fields_.name = std::move(value), *this; }
  Task& zone(std::string value) { return fields_.zone = std::move(value), *this; }              ///< IANA name; default: the server's
  Task& label(std::string key, std::string value) { return fields_.labels.emplace_back(std::move(key), std::move(value)), *this; }

  Task& misfire(Misfire value) { return fields_.misfire = value, *this; }
  Task& overlap(Overlap value) { return fields_.overlap = value, *this; }
  Task& start(Instant value) { return fields_.start = value, *this; }                    ///< PLAN: no tick before it
  Task& end(Instant value) { return fields_.end = value, *this; }                        ///< PLAN: no tick after it
  Task& max_count(std::uint32_t value) { return fields_.max_count = value, *this; }      ///< PLAN: so many ticks begin
  Task& jitter(std::chrono::milliseconds value) { return fields_.jitter = value, *this; }  ///< each tick is due later by up to this
  /// PLAN: a time that a clock change jumps over fires right after it, one that comes twice fires once.
  Task& dst_once(bool value = true) { return fields_.dst_once = value, *this; }

  const Fields& fields() const { return fields_; }

 private:
  Task(std::string kind, std::string define, ServiceCall target) {
    fields_.kind = std::move(kind);
    fields_.define = std::move(define);
    fields_.target = std::move(target);
  }
  Fields fields_;
};

}  // namespace meepo::inline sdk
