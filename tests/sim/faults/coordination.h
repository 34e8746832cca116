#pragma once
// Who works on which shard, as ZooKeeper would have it: sessions that end when nobody hears of them for 6 s, fences that only rise, a
// service that can be away for a while. It says who should work; a node that was paused believes the old answer.

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "ports/coordinator.h"
#include "sim/faults/node_loop.h"

namespace meepo::test {

class NodeCoordinator;

class Coordination {
 public:
  static constexpr milliseconds kSession{6'000};
  static constexpr milliseconds kHeartbeat{2'000};
  static constexpr milliseconds kLook{500};
  static constexpr milliseconds kMoveEvery{20'000};  ///< a shard, to even out the load

  Coordination(VirtualLoop& base, std::vector<Shard> shards);

  void be_away(milliseconds how_long);
  /// Ends the session of a member; false: it has none.
  bool expire(std::size_t node);
  /// The node that owns the shard now, as far as this service has decided.
  std::optional<std::size_t> owner(Shard shard) const;

 private:
  friend class NodeCoordinator;
  struct Member {
    std::size_t node = 0;
    std::weak_ptr<NodeCoordinator*> coordinator;
    NodeLoop* loop = nullptr;  ///< valid while `coordinator` is
    SteadyTime last_heard;
  };
  struct Owned {
    std::uint64_t session = 0;
    Fence fence;
  };

  std::uint64_t join(std::size_t node, std::weak_ptr<NodeCoordinator*> coordinator, NodeLoop& loop);
  bool heartbeat(std::uint64_t session);
  void leave(std::uint64_t session);
  bool away() const { return base_.steady_now() < away_until_; }
  void look();
  void assign();
  void grant(Shard shard, std::uint64_t session);
  std::uint64_t least_loaded() const;
  std::size_t load_of(std::uint64_t session) const;
  void tell(const Member& member, std::function<void(NodeCoordinator&)> message);

  VirtualLoop& base_;
  const std::vector<Shard> shards_;
  std::map<std::uint64_t, Member> members_;  ///< by session
  std::map<Shard, Owned> owners_;
  std::uint64_t last_session_ = 0;
  std::uint64_t last_fence_ = 0;
  SteadyTime away_until_;
  std::map<Shard, SteadyTime> may_move_;
};

/// One node's end: joins, keeps its session, joins again when it learns that the session has ended.
class NodeCoordinator final : public ports::Coordinator {
 public:
  NodeCoordinator(Coordination& service, NodeLoop& loop, std::size_t node) : service_(service), loop_(loop), node_(node) {}
  ~NodeCoordinator() override = default;

  void start(Handlers handlers) override;
  void stop() override;

 private:
  friend class Coordination;
  void beat();

  Coordination& service_;
  NodeLoop& loop_;
  const std::size_t node_;
  Handlers handlers_;
  std::uint64_t session_ = 0;
  std::vector<Shard> owned_;
  std::shared_ptr<NodeCoordinator*> self_;
};

}  // namespace meepo::test
