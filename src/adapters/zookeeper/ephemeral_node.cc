#include "adapters/zookeeper/ephemeral_node.h"

#include <optional>
#include <utility>

#include "adapters/zookeeper/children_watch.h"

namespace meepo::adapters::zookeeper {

class EphemeralNode::State : public std::enable_shared_from_this<State> {
 public:
  State(ports::Loop& loop, Client& client, std::string path, std::string data, Handler handler)
      : loop_(loop), client_(client), path_(std::move(path)), data_(std::move(data)), handler_(std::move(handler)) {}

  void start() {
    listener_ = client_.add_listener([this](SessionChange change, const std::string&) {
      if (change == SessionChange::Expired) {
        made_ = false;
        reported_.reset();
      }
      if (change == SessionChange::New || change == SessionChange::Resumed) make();
    });
    make();
  }
  void stop() {
    stopped_ = true;
    client_.remove_listener(listener_);
    loop_.cancel_timer(timer_);
  }
  void release(Client::Done<void> done) {
    released_ = true;
    release_ = std::move(done);
    if (!busy_) remove();
  }

 private:
  void make() {
    if (busy_ || made_ || released_ || !client_.connected()) return;
    busy_ = true;
    client_.create(path_, data_, Mode::Ephemeral, [self = shared_from_this()](Result<NodeStat> made) {
      if (self->stopped_) return;
      if (!made && made.error().code == Code::Conflict) return self->look_whose();
      self->answered(made ? Result<void>() : fail(std::move(made.error())));
    });
  }

  /// The node is there: from a create of ours whose answer was lost, or from another session.
  void look_whose() {
    client_.exists(path_, [self = shared_from_this()](Result<NodeStat> node) {
      if (self->stopped_) return;
      if (node && node->ephemeral_owner == self->client_.session().id) return self->answered({});
      if (node) return self->replace();
      self->again_ = node.error().code == Code::NotFound;
      self->answered(fail(std::move(node.error())));
    });
  }

  void replace() {
    client_.remove(path_, -1, [self = shared_from_this()](Result<void> removed) {
      if (self->stopped_) return;
      self->again_ = removed || removed.error().code == Code::NotFound;
      self->answered(std::move(removed));
    });
  }

  /// The end of one try. With again_ the next one follows at once: the path is free now.
  void answered(Result<void> result) {
    busy_ = false;
    if (released_) return remove();
    if (std::exchange(again_, false)) return make();
    made_ = result.has_value();
    if (!result) retry_later();
    if (reported_ == result) return;
    reported_ = result;
    handler_(result);  // may destroy the node; whoever called holds the state
  }

  void retry_later() {
    // Without a connection the next session change tries again.
    if (!client_.connected()) return;
    loop_.cancel_timer(timer_);
    timer_ = loop_.call_at(loop_.steady_now() + kRetryDelay, [weak = weak_from_this()] {
      if (const auto self = weak.lock(); self && !self->stopped_) self->make();
    });
  }

  void remove() {
    client_.remove(path_, -1, [self = shared_from_this()](Result<void> removed) {
      if (self->stopped_) return;
      auto done = std::move(self->release_);
      if (!removed && removed.error().code == Code::NotFound) removed = {};
      done(std::move(removed));
    });
  }

  ports::Loop& loop_;
  Client& client_;
  const std::string path_;
  const std::string data_;
  Handler handler_;
  Client::ListenerId listener_ = 0;
  ports::Loop::TimerId timer_ = 0;
  Client::Done<void> release_;
  std::optional<Result<void>> reported_;  // what the handler heard last in this session
  bool released_ = false;
  bool made_ = false;
  bool busy_ = false;   // a try is under way
  bool again_ = false;  // the path was cleared: try again without waiting
  bool stopped_ = false;
};

EphemeralNode::EphemeralNode(ports::Loop& loop, Client& client, std::string path, std::string data, Handler handler)
    : state_(std::make_shared<State>(loop, client, std::move(path), std::move(data), std::move(handler))) {
  state_->start();
}
EphemeralNode::~EphemeralNode() { state_->stop(); }

void EphemeralNode::release(Client::Done<void> done) { state_->release(std::move(done)); }

}  // namespace meepo::adapters::zookeeper
