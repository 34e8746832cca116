#include "adapters/http/http_invoker.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <set>
#include <thread>
#include <utility>

namespace meepo::adapters::http {

namespace asio = boost::asio;

namespace {

ports::InvokeResult failed(const Error& error) { return {.outcome = Outcome::Fail, .result = std::nullopt, .error = error.message}; }

std::int64_t now_ms() { return to_unix_ms(std::chrono::floor<milliseconds>(std::chrono::system_clock::now())); }

/// One attempt: its request and those that redirects lead to. On the io thread.
struct Attempt {
  ports::Invocation invocation;
  std::move_only_function<void(ports::InvokeResult)> done;
  std::shared_ptr<Exchange> exchange;
  int redirects = 0;
  bool signs = true;  ///< not after a redirect to another host

  void finish(ports::InvokeResult result) {
    exchange.reset();
    if (auto call = std::exchange(done, nullptr)) call(std::move(result));
  }
};

}  // namespace

class HttpInvoker::Core : public std::enable_shared_from_this<Core> {
 public:
  explicit Core(Options options) : options_(std::move(options)), tls_(asio::ssl::context::tls_client) {}

  Result<void> start() {
    boost::system::error_code error;
    tls_.set_default_verify_paths(error);
    if (!error && !options_.trusted_file.empty()) tls_.load_verify_file(options_.trusted_file, error);
    if (error) return fail(Code::Unavailable, "reading certificates " + options_.trusted_file + ": " + error.message(), "http-trust");
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  void stop() {
    work_.reset();
    io_.stop();
    if (thread_.joinable()) thread_.join();
    // An attempt and its exchange hold each other, and this object, until they are over.
    for (const auto& attempt : std::exchange(open_, {})) {
      if (const auto exchange = std::exchange(attempt->exchange, nullptr)) exchange->abandon();
    }
  }

  void invoke(ports::Invocation invocation, std::move_only_function<void()> started,
              std::move_only_function<void(ports::InvokeResult)> done) {
    asio::post(io_, [self = shared_from_this(), attempt = std::make_shared<Attempt>(Attempt{std::move(invocation), std::move(done), {}, 0}),
                     started = std::move(started)]() mutable { self->begin(std::move(attempt), started); });
  }

 private:
  Result<Call> call_for(const ports::Invocation& invocation) const {
    if (const auto* target = std::get_if<HttpTarget>(&invocation.target)) return call_of(*target, invocation.app_id, *invocation.context);
    const auto service = options_.services.find(target_key(invocation.target));
    if (service == options_.services.end()) {
      return fail(Code::NotFound, target_label(invocation.target) + " is mapped to no URL here");
    }
    return call_of(std::get<ServiceTarget>(invocation.target), service->second, invocation.app_id, *invocation.context);
  }

  void begin(std::shared_ptr<Attempt> attempt, std::move_only_function<void()>& started) {
    const auto context = attempt->invocation.context;
    started();
    if (context->cancelled()) {
      attempt->finish({.outcome = Outcome::Stopped, .result = std::nullopt, .error = "cancelled before it was sent"});
      return;
    }
    auto call = call_for(attempt->invocation);
    if (!call) {
      attempt->finish(failed(call.error()));
      return;
    }
    // The attempt may be over, or this object gone, when somebody cancels.
    context->on_cancel([weak = weak_from_this(), weak_attempt = std::weak_ptr(attempt)] {
      const auto self = weak.lock();
      if (!self) return;
      asio::post(self->io_, [self, weak_attempt] {
        if (const auto cancelled = weak_attempt.lock(); cancelled && cancelled->exchange) {
          const auto exchange = cancelled->exchange;
          self->finish(cancelled, {.outcome = Outcome::Stopped, .result = std::nullopt, .error = "the request was cut off"});
          exchange->cancel();
        }
      });
    });
    open_.insert(attempt);
    send(std::move(attempt), *std::move(call));
  }

  void finish(const std::shared_ptr<Attempt>& attempt, ports::InvokeResult result) {
    open_.erase(attempt);
    attempt->finish(std::move(result));
  }

  void send(std::shared_ptr<Attempt> attempt, Call call) {
    if (attempt->signs && !options_.signing_key.empty()) sign(call, options_.signing_key, now_ms());
    attempt->exchange = start_exchange(io_, tls_, options_.rules, call, options_.limits,
                                       [self = shared_from_this(), attempt, call](Result<Reply> reply) mutable {
                                         self->replied(std::move(attempt), call, std::move(reply));
                                       });
  }

  void replied(std::shared_ptr<Attempt> attempt, const Call& call, Result<Reply> reply) {
    if (!reply) {
      finish(attempt, failed(reply.error()));
      return;
    }
    auto next = redirected(call, *reply);
    if (next && !*next) {
      finish(attempt, outcome_of(call, *reply));
    } else if (!next) {
      finish(attempt, failed(next.error()));
    } else if (++attempt->redirects > kRedirectsMax) {
      finish(attempt, failed({.code = Code::Unavailable,
                              .message = call.method + " " + call.host + ": more than " + std::to_string(kRedirectsMax) + " redirects",
                              .field = {},
                              .cause = {}}));
    } else {
      if ((*next)->host != call.host || (*next)->port != call.port || (*next)->tls != call.tls) attempt->signs = false;
      send(std::move(attempt), **std::move(next));
    }
  }

  Options options_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::ssl::context tls_;
  std::set<std::shared_ptr<Attempt>> open_;
  std::thread thread_;
};

Result<std::unique_ptr<HttpInvoker>> HttpInvoker::start(Options options) {
  auto core = std::make_shared<Core>(std::move(options));
  if (auto started = core->start(); !started) return fail(std::move(started.error()));
  return std::unique_ptr<HttpInvoker>(new HttpInvoker(std::move(core)));
}

HttpInvoker::HttpInvoker(std::shared_ptr<Core> core) : core_(std::move(core)) {}
HttpInvoker::~HttpInvoker() { core_->stop(); }

void HttpInvoker::invoke(ports::Invocation invocation, std::move_only_function<void()> started,
                         std::move_only_function<void(ports::InvokeResult)> done) {
  core_->invoke(std::move(invocation), std::move(started), std::move(done));
}

}  // namespace meepo::adapters::http
