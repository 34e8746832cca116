#pragma once
// org.cheng.meepo.task.service.TaskService: the Java Meepo's interface, as a Dubbo provider answers it. What is served is said before
// arguments are decoded (check), what a call means is done by api/calls, and errors come as TaskServiceException with their message.
// Any thread; `reply` runs on the scheduler's loop or on the caller's.

#include <boost/asio/ip/address.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/access/access.h"
#include "api/access/anonymous_rules.h"
#include "api/calls/calls.h"
#include "protocol/dubbo/server_session.h"

namespace meepo::api {

inline constexpr std::string_view kTaskServiceInterface = "org.cheng.meepo.task.service.TaskService";
/// list and search answer the newest tasks, so many at most, and no more than Calls::kPageBytes of them.
inline constexpr std::uint32_t kListTasksMax = 1'000;

class DubboTaskService {
 public:
  struct Settings {
    std::string server;          ///< scheduleServer of a TaskContext: where this provider is
    bool is_open = false;        ///< it listens on loopback and there are no tokens: everybody who reaches it may call
    AnonymousRules anonymous;
  };
  /// An answer with the document that its values are in.
  struct Reply {
    dubbo::Answer answer;
    std::shared_ptr<hessian2::Document> document;
  };
  /// Makes the answer: to be called once, on another thread than the scheduler's loop, where beans are made of large tasks.
  using MakeReply = std::move_only_function<Reply()>;
  /// Called once for each call, by its place in the list.
  class Answered {
   public:
    explicit Answered(std::function<void(std::size_t, MakeReply)> answered) : answered_(std::move(answered)) {}
    void operator()(std::size_t index, MakeReply make) const { answered_(index, std::move(make)); }
    void operator()(std::size_t index, Reply reply) const {
      answered_(index, [reply = std::move(reply)]() mutable { return std::move(reply); });
    }

   private:
    std::function<void(std::size_t, MakeReply)> answered_;
  };

  DubboTaskService(Settings settings, Calls& calls, const Access& access)
      : settings_(std::move(settings)), calls_(calls), access_(access) {}

  /// Refuses what this provider does not have: path, version, method, parameter types. The text names what was looked up and what there is.
  static std::optional<dubbo::Refusal> check(const dubbo::RequestHead& head);
  /// Octets that a call may take while it is served, beside those of its request: an answer may hold whole tasks.
  static std::size_t answer_bytes(const dubbo::Request& request);
  /// The names of its methods.
  static std::vector<std::string> methods();

  /// Serves calls that came together from one peer: their creates are one batch. Requests are read before it returns.
  void serve(const std::vector<dubbo::ServedCall>& calls, const boost::asio::ip::address& peer, const Answered& answered);

 private:
  struct Call;
  struct Creates;
  void serve_one(const Call& call, Creates& creates, const Answered& answered);
  void create(const Call& call, Creates& creates, const Answered& answered);
  void list(const Call& call, const v1::ListTasksRequest& filter, std::string version, const Answered& answered);
  Result<void> admit(const dubbo::Request& request, Permission permission, const boost::asio::ip::address& peer) const;

  const Settings settings_;
  Calls& calls_;
  const Access& access_;
};

}  // namespace meepo::api
