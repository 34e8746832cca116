#include "sim/faults/coordination.h"

#include <algorithm>

namespace meepo::test {

Coordination::Coordination(VirtualLoop& base, std::vector<Shard> shards) : base_(base), shards_(std::move(shards)) {
  base_.call_at(base_.steady_now() + kLook, [this] { look(); });
}

void Coordination::be_away(milliseconds how_long) { away_until_ = base_.steady_now() + how_long; }

bool Coordination::expire(std::size_t node) {
  const auto found = std::ranges::find_if(members_, [node](const auto& entry) { return entry.second.node == node; });
  if (found == members_.end() || away()) return false;
  members_.erase(found);
  return true;
}

std::optional<std::size_t> Coordination::owner(Shard shard) const {
  const auto owned = owners_.find(shard);
  if (owned == owners_.end()) return std::nullopt;
  const auto member = members_.find(owned->second.session);
  return member == members_.end() ? std::nullopt : std::optional(member->second.node);
}

std::uint64_t Coordination::join(std::size_t node, std::weak_ptr<NodeCoordinator*> coordinator, NodeLoop& loop) {
  members_[++last_session_] = {.node = node, .coordinator = std::move(coordinator), .loop = &loop, .last_heard = base_.steady_now()};
  return last_session_;
}

bool Coordination::heartbeat(std::uint64_t session) {
  const auto found = members_.find(session);
  if (found == members_.end()) return false;
  found->second.last_heard = base_.steady_now();
  return true;
}

void Coordination::leave(std::uint64_t session) { members_.erase(session); }

void Coordination::look() {
  base_.call_at(base_.steady_now() + kLook, [this] { look(); });
  if (away()) {
    // When it comes back every session has its full time again.
    for (auto& [session, member] : members_) member.last_heard = base_.steady_now() + kLook;
    return;
  }
  std::erase_if(members_, [this](const auto& entry) { return base_.steady_now() - entry.second.last_heard > kSession; });
  if (base_.elapsed() > milliseconds(1'000) && !members_.empty()) assign();
}

void Coordination::assign() {
  for (const Shard shard : shards_) {
    const auto owned = owners_.find(shard);
    if (owned == owners_.end() || !members_.contains(owned->second.session)) grant(shard, least_loaded());
  }
  for (const Shard shard : shards_) {
    const std::uint64_t from = owners_.at(shard).session;
    const std::uint64_t to = least_loaded();
    if (load_of(from) < load_of(to) + 2 || base_.steady_now() < may_move_[shard]) continue;
    may_move_[shard] = base_.steady_now() + kMoveEvery;
    tell(members_.at(from), [shard](NodeCoordinator& node) {
      std::erase(node.owned_, shard);
      node.handlers_.revoked({shard});
    });
    grant(shard, to);
    return;
  }
}

void Coordination::grant(Shard shard, std::uint64_t session) {
  const Fence fence = Fence::make(1, ++last_fence_);
  owners_[shard] = {.session = session, .fence = fence};
  tell(members_.at(session), [shard, fence, session](NodeCoordinator& node) {
    if (node.session_ != session) return;  // meant for what this node was before
    node.owned_.push_back(shard);
    node.handlers_.granted({{.shard = shard, .fence = fence}});
  });
}

std::uint64_t Coordination::least_loaded() const {
  std::uint64_t least = members_.begin()->first;
  for (const auto& [session, member] : members_) {
    if (load_of(session) < load_of(least)) least = session;
  }
  return least;
}

std::size_t Coordination::load_of(std::uint64_t session) const {
  return static_cast<std::size_t>(std::ranges::count_if(owners_, [session](const auto& entry) { return entry.second.session == session; }));
}

void Coordination::tell(const Member& member, std::function<void(NodeCoordinator&)> message) {
  base_.call_at(base_.steady_now() + milliseconds(2), [coordinator = member.coordinator, loop = member.loop, message = std::move(message)] {
    if (coordinator.expired()) return;
    loop->post([coordinator, message] {
      if (const auto node = coordinator.lock()) message(**node);
    });
  });
}

void NodeCoordinator::start(Handlers handlers) {
  handlers_ = std::move(handlers);
  self_ = std::make_shared<NodeCoordinator*>(this);
  beat();
}

void NodeCoordinator::stop() {
  self_.reset();
  service_.leave(session_);
}

void NodeCoordinator::beat() {
  loop_.call_at(loop_.steady_now() + Coordination::kHeartbeat, [this, alive = std::weak_ptr(self_)] {
    if (!alive.expired()) beat();
  });
  if (service_.away()) return;
  if (session_ != 0 && service_.heartbeat(session_)) return;
  // The session has ended: others may work on what was this node's.
  if (!owned_.empty()) handlers_.revoked(std::exchange(owned_, {}));
  session_ = service_.join(node_, self_, loop_);
}

}  // namespace meepo::test
