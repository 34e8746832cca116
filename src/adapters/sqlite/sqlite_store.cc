#include "adapters/sqlite/sqlite_store.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/sqlite/batch.h"
#include "adapters/sqlite/connection.h"
#include "adapters/sqlite/folder_lock.h"
#include "adapters/sqlite/following_clock.h"
#include "adapters/sqlite/schema.h"

namespace meepo::adapters::sqlite {

using namespace ports;

namespace {

/// Items in one transaction: bounds how long the first of them waits for the last.
constexpr std::size_t kBatchWeightMax = 128;
constexpr std::int64_t kWriterCacheKib = 64 * 1024;
constexpr std::int64_t kReaderCacheKib = 8 * 1024;

struct Job {
  StoreRequest request;
  Store::Done done;
  std::size_t weight = 1;
};

/// Jobs and their replies on the way back to the loop.
struct Answered {
  Store::Done done;
  StoreReply reply;
  std::size_t weight = 1;
};

/// What an answer may touch when it arrives: outlives the store. Loop thread only.
struct Desk {
  bool open = true;
  std::size_t waiting = 0;

  void deliver(std::vector<Answered> answered) {
    for (auto& one : answered) {
      if (!open) return;
      waiting -= one.weight;
      one.done(std::move(one.reply));
    }
  }
};

/// A queue with a thread that takes what waits in one go.
class Lane {
 public:
  using Carry = std::move_only_function<void(std::vector<Job>)>;

  void start(Carry carry) {
    thread_ = std::thread([this, carry = std::move(carry)]() mutable {
      for (auto jobs = take(true); !jobs.empty(); jobs = take(true)) carry(std::move(jobs));
    });
  }

  void push(Job job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
  }

  /// The next batch. Waits for it if asked to; then empty means: stopped, and nothing is left.
  std::vector<Job> take(bool wait) {
    std::unique_lock lock(mutex_);
    if (wait) wake_.wait(lock, [this] { return stopped_ || !jobs_.empty(); });
    std::vector<Job> jobs;
    std::size_t weight = 0;
    while (!jobs_.empty() && (jobs.empty() || weight + jobs_.front().weight <= kBatchWeightMax)) {
      weight += jobs_.front().weight;
      jobs.push_back(std::move(jobs_.front()));
      jobs_.pop_front();
    }
    return jobs;
  }

  /// Ends the thread once all is carried out.
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopped_ = false;
  std::thread thread_;
};

Result<std::unique_ptr<Connection>> open_connection(const std::string& path, std::int64_t cache_kib, bool writes) {
  auto connection = Connection::open(path);
  if (!connection) return connection;
  if (auto configured = configure(**connection, cache_kib, writes); !configured) {
    return fail(std::move(configured.error()).prefixed(path));
  }
  return connection;
}

/// Counts this start and answers the fence that goes with it. Conflict: the store was made for another number of shards.
Result<Fence> count_start(Connection& connection) {
  connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'starts'");
  std::int64_t generation = 0;
  std::int64_t starts = 0;
  std::int64_t shards = 0;
  Statement meta(connection, "SELECT key, value FROM meta");
  auto run = meta.run();
  while (run.step()) {
    const auto key = run.bytes(0);
    if (key == "generation") generation = run.integer(1);
    if (key == "starts") starts = run.integer(1);
    if (key == "shards") shards = run.integer(1);
  }
  if (connection.failed()) return fail(connection.error("count the start"));
  if (shards != kShardCount) {
    return fail(Code::Conflict,
                "the store has " + std::to_string(shards) + " shards: this meepo works with " + std::to_string(kShardCount));
  }
  return Fence::make(static_cast<std::uint64_t>(generation), static_cast<std::uint64_t>(starts));
}

}  // namespace

class SqliteStore::Impl {
 public:
  Impl(Options options, Loop& loop) : options_(std::move(options)), loop_(loop), clock_(loop) {}

  Result<void> open();
  void close();
  void submit(StoreRequest request, Done done);
  StoreFigures figures() const;
  Fence fence() const { return fence_; }
  std::string description() const { return in_memory() ? "sqlite in memory" : "sqlite " + options_.folder; }

 private:
  bool in_memory() const { return options_.folder.empty(); }

  std::vector<Answered> carry_writes(std::vector<Job> jobs);
  void note_batch(const std::vector<Job>& jobs, const std::vector<StoreReply>& replies, SteadyTime::duration took);
  std::vector<Answered> carry_reads(std::vector<Job> jobs);
  void hand_over(std::vector<Answered> answered);
  void post_inline();

  Options options_;
  Loop& loop_;
  FollowingClock clock_;
  Fence fence_;
  FolderLock lock_;
  StaleEnds stale_ends_{};
  std::unique_ptr<Connection> write_connection_;
  std::unique_ptr<Connection> read_connection_;
  std::unique_ptr<WriteBatch> writes_;
  std::unique_ptr<ReadBatch> reads_;  ///< none: reads run in the writer's lane
  Lane write_lane_;
  Lane read_lane_;
  bool inline_posted_ = false;
  bool broken_told_ = false;  ///< the writer's thread
  mutable std::mutex figures_mutex_;
  StoreFigures figures_;
  std::shared_ptr<Desk> desk_ = std::make_shared<Desk>();
};

Result<void> SqliteStore::Impl::open() {
  std::string path = ":memory:";
  if (!in_memory()) {
    auto lock = FolderLock::take(options_.folder);
    if (!lock) return fail(std::move(lock.error()));
    lock_ = std::move(*lock);
    path = options_.folder + "/meepo.db";
  }
  auto connection = open_connection(path, kWriterCacheKib, true);
  if (!connection) return fail(std::move(connection.error()));
  write_connection_ = std::move(*connection);
  if (auto migrated = migrate(*write_connection_); !migrated) return fail(std::move(migrated.error()).prefixed(path));
  auto fence = count_start(*write_connection_);
  if (!fence) return fail(std::move(fence.error()).prefixed(path));
  fence_ = *fence;
  writes_ = std::make_unique<WriteBatch>(*write_connection_, stale_ends_);
  if (write_connection_->failed()) return fail(write_connection_->error("prepare " + path));
  if (auto loaded = writes_->load(); !loaded) return fail(std::move(loaded.error()).prefixed(path));
  if (options_.inline_on_loop) return {};
  if (!in_memory()) {
    auto second = open_connection(path, kReaderCacheKib, false);
    if (!second) return fail(std::move(second.error()));
    read_connection_ = std::move(*second);
    reads_ = std::make_unique<ReadBatch>(*read_connection_, stale_ends_);
    if (read_connection_->failed()) return fail(read_connection_->error("prepare " + path));
    read_lane_.start([this](std::vector<Job> jobs) { hand_over(carry_reads(std::move(jobs))); });
  }
  write_lane_.start([this](std::vector<Job> jobs) { hand_over(carry_writes(std::move(jobs))); });
  return {};
}

void SqliteStore::Impl::close() {
  desk_->open = false;
  if (options_.inline_on_loop && writes_) {
    for (auto jobs = write_lane_.take(false); !jobs.empty(); jobs = write_lane_.take(false)) carry_writes(std::move(jobs));
  }
  write_lane_.stop();
  read_lane_.stop();
  reads_.reset();
  writes_.reset();
  read_connection_.reset();
  // The last connection to close writes the log back and removes it.
  write_connection_.reset();
}

void SqliteStore::Impl::submit(StoreRequest request, Done done) {
  const std::size_t weight = weight_of(request);
  if (desk_->waiting + weight > options_.waiting_max) {
    auto error = Error{.code = Code::Exhausted,
                       .message = "the store has " + std::to_string(desk_->waiting) + " items waiting: expected at most " +
                                  std::to_string(options_.waiting_max) + " with this request's " + std::to_string(weight),
                       .field = {},
                       .cause = {}};
    loop_.post([desk = desk_, done = std::move(done), error = std::move(error)]() mutable {
      if (desk->open) done(fail(std::move(error)));
    });
    return;
  }
  desk_->waiting += weight;
  auto& lane = reads_ && is_read(request) ? read_lane_ : write_lane_;
  lane.push({.request = std::move(request), .done = std::move(done), .weight = weight});
  if (options_.inline_on_loop) post_inline();
}

void SqliteStore::Impl::post_inline() {
  if (std::exchange(inline_posted_, true)) return;
  loop_.post([this, desk = desk_] {
    if (!desk->open) return;
    inline_posted_ = false;
    auto jobs = write_lane_.take(false);
    if (jobs.empty()) return;
    auto answered = carry_writes(std::move(jobs));
    post_inline();  // what did not fit, if anything
    desk->deliver(std::move(answered));
  });
}

std::vector<Answered> SqliteStore::Impl::carry_writes(std::vector<Job> jobs) {
  std::vector<const StoreRequest*> requests;
  requests.reserve(jobs.size());
  for (const auto& job : jobs) requests.push_back(&job.request);
  const SteadyTime began = loop_.steady_now();
  auto replies = writes_->run(requests, clock_.read());
  note_batch(jobs, replies, loop_.steady_now() - began);
  if (writes_->broken() && !std::exchange(broken_told_, true) && options_.on_broken) {
    loop_.post([desk = desk_, tell = options_.on_broken, error = *writes_->broken()] {
      if (desk->open) tell(error);
    });
  }
  std::vector<Answered> answered;
  answered.reserve(jobs.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    answered.push_back({.done = std::move(jobs[i].done), .reply = std::move(replies[i]), .weight = jobs[i].weight});
  }
  return answered;
}

void SqliteStore::Impl::note_batch(const std::vector<Job>& jobs, const std::vector<StoreReply>& replies, SteadyTime::duration took) {
  std::size_t items = 0;
  for (const auto& job : jobs) items += job.weight;
  const auto failed = std::ranges::count_if(replies, [](const StoreReply& reply) { return !reply; });
  const std::lock_guard lock(figures_mutex_);
  figures_.batch_items.add(static_cast<double>(items));
  figures_.commit_seconds.add(std::chrono::duration<double>(took).count());
  figures_.failed_requests += static_cast<std::uint64_t>(failed);
}

StoreFigures SqliteStore::Impl::figures() const {
  const std::lock_guard lock(figures_mutex_);
  StoreFigures figures = figures_;
  figures.items_waiting = desk_->waiting;
  return figures;
}

std::vector<Answered> SqliteStore::Impl::carry_reads(std::vector<Job> jobs) {
  std::vector<Answered> answered;
  answered.reserve(jobs.size());
  for (auto& job : jobs) {
    answered.push_back({.done = std::move(job.done), .reply = reads_->run(job.request, clock_.read()), .weight = job.weight});
  }
  return answered;
}

void SqliteStore::Impl::hand_over(std::vector<Answered> answered) {
  // The commit took its time: what the answers say is the time now, so that the node's idea of it lags by their way alone.
  const auto reading = clock_.read();
  for (auto& each : answered) {
    if (!each.reply) continue;
    each.reply->now = reading.now;
    each.reply->steps = reading.steps;
  }
  loop_.post([desk = desk_, answered = std::move(answered)]() mutable { desk->deliver(std::move(answered)); });
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(Options options, Loop& loop) {
  auto impl = std::make_unique<Impl>(std::move(options), loop);
  if (auto opened = impl->open(); !opened) {
    impl->close();
    return fail(std::move(opened.error()).prefixed("open the store"));
  }
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(impl)));
}

SqliteStore::SqliteStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteStore::~SqliteStore() { impl_->close(); }

Fence SqliteStore::fence() const { return impl_->fence(); }
std::string SqliteStore::description() const { return impl_->description(); }
StoreFigures SqliteStore::figures() const { return impl_->figures(); }
void SqliteStore::submit(StoreRequest request, Done done) { impl_->submit(std::move(request), std::move(done)); }

}  // namespace meepo::adapters::sqlite
