#include "adapters/zookeeper/children_watch.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace meepo::adapters::zookeeper {

class ChildrenWatch::State : public std::enable_shared_from_this<State> {
 public:
  State(ports::Loop& loop, Client& client, std::string path, Handler handler)
      : loop_(loop), client_(client), path_(std::move(path)), handler_(std::move(handler)) {}

  void start() {
    listener_ = client_.add_listener([this](SessionChange change, const std::string&) {
      // A new session has none of the old one's watches. A resumed one has them, but a read may have failed meanwhile.
      if (change == SessionChange::New || (change == SessionChange::Resumed && stale_)) read();
    });
    read();
  }
  void stop() {
    stopped_ = true;
    client_.remove_listener(listener_);
    loop_.cancel_timer(timer_);
  }

 private:
  void read() {
    if (!client_.connected()) {
      stale_ = true;
      return;
    }
    if (std::exchange(reading_, true)) {
      again_ = true;
      return;
    }
    again_ = false;
    client_.children(
        path_,
        [self = shared_from_this()](Result<Names> names) {
          if (!names && names.error().code == Code::NotFound) return self->wait_for_node();
          self->answered(std::move(names));
        },
        watch());
  }

  /// Nobody can watch the children of what is not there: watches the node itself.
  void wait_for_node() {
    if (stopped_) return;
    client_.exists(
        path_,
        [self = shared_from_this()](Result<NodeStat> node) {
          if (node) {
            self->again_ = true;  // made between the two requests
            self->answered(fail(Code::NotFound, {}));
          } else if (node.error().code == Code::NotFound) {
            self->answered(Names());
          } else {
            self->answered(fail(std::move(node.error())));
          }
        },
        watch());
  }

  void answered(Result<Names> names) {
    if (stopped_) return;
    reading_ = false;
    stale_ = !names;
    if (again_) return read();
    if (names) {
      std::ranges::sort(*names);
    } else {
      // Without a connection the next session change reads again.
      if (!client_.connected()) return;
      retry_later();
    }
    if (reported_ == names) return;
    reported_ = names;
    handler_(names);  // may destroy the watch; whoever called holds the state
  }

  void retry_later() {
    loop_.cancel_timer(timer_);
    timer_ = loop_.call_at(loop_.steady_now() + kRetryDelay, [weak = weak_from_this()] {
      if (const auto self = weak.lock(); self && !self->stopped_) self->read();
    });
  }

  Client::Watch watch() {
    return [weak = weak_from_this()](NodeChange) {
      if (const auto self = weak.lock(); self && !self->stopped_) self->read();
    };
  }

  ports::Loop& loop_;
  Client& client_;
  const std::string path_;
  Handler handler_;
  Client::ListenerId listener_ = 0;
  ports::Loop::TimerId timer_ = 0;
  std::optional<Result<Names>> reported_;  // what the handler heard last
  bool reading_ = false;
  bool again_ = false;  // something changed during the read
  bool stale_ = false;  // the last read failed
  bool stopped_ = false;
};

ChildrenWatch::ChildrenWatch(ports::Loop& loop, Client& client, std::string path, Handler handler)
    : state_(std::make_shared<State>(loop, client, std::move(path), std::move(handler))) {
  state_->start();
}
ChildrenWatch::~ChildrenWatch() { state_->stop(); }

}  // namespace meepo::adapters::zookeeper
