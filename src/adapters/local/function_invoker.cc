#include "adapters/local/function_invoker.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

namespace meepo::adapters::local {
namespace {

ports::InvokeResult failure(std::string error) { return {.outcome = Outcome::Fail, .result = std::nullopt, .error = std::move(error)}; }

Result<void> check_name(std::string_view field, const std::string& name, bool may_be_empty) {
  if (name.empty() && !may_be_empty)
    return fail(Code::InvalidArgument, "registering a function: its " + std::string(field) + " is empty", std::string(field));
  if (name.size() > limits::kNameCharsMax) {
    return fail(Code::InvalidArgument,
                "registering a function: its " + std::string(field) + " has " + std::to_string(name.size()) + " characters, at most " +
                    std::to_string(limits::kNameCharsMax) + " are allowed",
                std::string(field));
  }
  return {};
}

}  // namespace

FunctionInvoker::FunctionInvoker(Options options) : options_(options) {
  const std::size_t threads = options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

FunctionInvoker::~FunctionInvoker() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

Result<void> FunctionInvoker::add(Function function, Handler handler) {
  if (auto checked = check_name("interface", function.interface, false); !checked) return checked;
  if (auto checked = check_name("method", function.method, false); !checked) return checked;
  if (auto checked = check_name("version", function.version, true); !checked) return checked;
  if (auto checked = check_name("group", function.group, true); !checked) return checked;
  if (!handler) return fail(Code::InvalidArgument, "registering " + function.interface + "#" + function.method + ": the handler is empty");
  auto& methods = functions_[service_key(function.interface, function.version, function.group)];
  if (!methods.try_emplace(function.method, std::move(handler)).second) {
    return fail(Code::Conflict, "registering " + function.interface + "#" + function.method + ": it is registered already", "method");
  }
  return {};
}

std::vector<std::string> FunctionInvoker::target_keys() const {
  std::vector<std::string> keys;
  keys.reserve(functions_.size());
  for (const auto& [key, methods] : functions_) keys.push_back(key);
  return keys;
}

void FunctionInvoker::invoke(ports::Invocation invocation, std::move_only_function<void()> started,
                             std::move_only_function<void(ports::InvokeResult)> done) {
  Call call{.invocation = std::move(invocation), .started = std::move(started), .done = std::move(done)};
  bool full = false;
  bool wake = false;
  {
    const std::scoped_lock lock(mutex_);
    full = queue_.size() >= options_.queue_max;
    wake = !full && idle_ > 0;
    if (!full) queue_.push_back(std::exchange(call, {}));
  }
  if (full) {
    call.done(failure("calling " + target_label(call.invocation.target) + ": " + std::to_string(options_.queue_max) +
                      " calls wait for a thread already"));
  }
  if (wake) wake_.notify_one();
}

void FunctionInvoker::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (queue_.empty()) {
      ++idle_;
      wake_.wait(lock);
      --idle_;
      continue;
    }
    Call call = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    carry_out(call);
    call = {};
    lock.lock();
  }
}

void FunctionInvoker::carry_out(Call& call) {
  Handler* const handler = find(call.invocation.target);
  if (handler == nullptr) {
    call.done(failure(unknown_target(call.invocation.target)));
    return;
  }
  auto& context = *call.invocation.context;
  if (!context.cancelled()) call.started();
  // Asked after `started`, too: whoever cancels may count on it that a context cancelled by then is never called.
  if (context.cancelled()) {
    call.done({.outcome = Outcome::Stopped, .result = std::nullopt, .error = "cancelled before it was called"});
    return;
  }
  ports::InvokeResult result;
  try {
    result = (*handler)(std::get<ServiceTarget>(call.invocation.target).params, context);
  } catch (const std::exception& thrown) {
    result = failure(thrown.what());
  } catch (...) {
    result = failure("the handler threw something that is no std::exception");
  }
  call.done(std::move(result));
}

FunctionInvoker::Handler* FunctionInvoker::find(const Target& target) {
  if (!std::holds_alternative<ServiceTarget>(target)) return nullptr;
  const auto service = functions_.find(target_key(target));
  if (service == functions_.end()) return nullptr;
  const auto handler = service->second.find(std::get<ServiceTarget>(target).method);
  return handler == service->second.end() ? nullptr : &handler->second;
}

std::string FunctionInvoker::unknown_target(const Target& target) const {
  constexpr std::size_t kNamed = 20;  // enough to see a typing mistake
  std::string text = "no function is registered for " + target_label(target) + " (" + target_key(target) + "); registered here:";
  std::size_t named = 0;
  std::size_t all = 0;
  for (const auto& [key, methods] : functions_) {
    for (const auto& [method, handler] : methods) {
      if (++all <= kNamed) {
        text += (named++ == 0 ? " " : ", ") + key + "#" + method;
      }
    }
  }
  if (all == 0) return text + " none";
  if (all > kNamed) text += " and " + std::to_string(all - kNamed) + " more";
  return text;
}

}  // namespace meepo::adapters::local
