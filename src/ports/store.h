#pragma once
// The Store port: the truth about tasks and firings. Every adapter passes tests/contract.
//
// Promises of every verb
// - One request is one atomic step on one shard: all its accepted items or, on an error of the whole, none. An item that is refused
//   says so in its own Result and does not hold up the others.
// - OK means durable: after fsync (SQLite), after the AOF write and WAIT (Redis).
// - Scheduler verbs carry a fence: lower than the stored one → Fenced, nothing written. Executor verbs carry run tokens.
// - Every verb may be repeated with the same ids and tokens: it answers what it answered the first time, or that nothing is left to do.
// - Errors of the whole: Fenced · Unavailable (nothing changed, repeat) · Unknown (perhaps done, repeat) · Exhausted (disk or memory
//   full; nothing changed) · Corruption · InvalidArgument (more than a limit) · Internal.
// - Every answer carries the store's time.
//
// Thread: a Store object belongs to one Loop; submit() is called there and `done` runs there, later, exactly once (never if the
// object is destroyed before). What waits is batched by the adapter.

#include <functional>
#include <tuple>
#include <utility>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "ports/store_requests.h"

namespace meepo::ports {

template <class T>
struct Reply {
  T value;
  SysTime now;        ///< the store's time when it carried the request out
  ClockSteps steps{};  ///< as of `now`
};

namespace detail {
template <class Variant>
struct AnswersOf;
template <class... Requests>
struct AnswersOf<std::variant<Requests...>> {
  // One alternative a request, by the request's place: several requests share an answer type.
  using type = std::variant<typename Requests::Answer...>;
};
template <class Request, class Variant>
struct PlaceOf;
template <class Request, class... Rest>
struct PlaceOf<Request, std::variant<Request, Rest...>> : std::integral_constant<std::size_t, 0> {};
template <class Request, class First, class... Rest>
struct PlaceOf<Request, std::variant<First, Rest...>>
    : std::integral_constant<std::size_t, 1 + PlaceOf<Request, std::variant<Rest...>>::value> {};
}  // namespace detail

/// The answer to the StoreRequest at the same variant index.
using StoreAnswer = detail::AnswersOf<StoreRequest>::type;
template <class Request>
inline constexpr std::size_t kPlaceOf = detail::PlaceOf<Request, StoreRequest>::value;

class Store {
 public:
  using Done = std::move_only_function<void(Result<Reply<StoreAnswer>>)>;

  virtual ~Store() = default;

  /// The one entry point, so that a wrapper (faults, metrics) is one function. `answer.value.index() == request.index()`.
  virtual void submit(StoreRequest request, Done done) = 0;

  /// submit() with types: store.call(ClaimRequest{…}, [](Result<Reply<ClaimRequest::Answer>> reply) {…}).
  template <class Request, class Handler>
  void call(Request request, Handler handler) {
    submit(StoreRequest(std::in_place_index<kPlaceOf<Request>>, std::move(request)),
           [handler = std::move(handler)](Result<Reply<StoreAnswer>> reply) mutable {
             using Answer = typename Request::Answer;
             if (!reply) {
               handler(Result<Reply<Answer>>(fail(std::move(reply.error()))));
               return;
             }
             handler(Result<Reply<Answer>>(Reply<Answer>{std::get<kPlaceOf<Request>>(std::move(reply->value)), reply->now, reply->steps}));
           });
  }
};

}  // namespace meepo::ports
