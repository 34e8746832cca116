#include "adapters/sqlite/batch.h"

#include <algorithm>
#include <utility>

namespace meepo::adapters::sqlite {

using namespace ports;

namespace {

template <class Request>
concept Read = std::same_as<Request, GetRequest> || std::same_as<Request, ListRequest> || std::same_as<Request, LedgerRequest> ||
               std::same_as<Request, CountsRequest>;

template <class Request, class Answer>
StoreReply reply_of(Result<Answer> answer, const FollowingClock::Reading& at) {
  if (!answer) return fail(std::move(answer.error()));
  return Reply<StoreAnswer>{
      .value = StoreAnswer(std::in_place_index<kPlaceOf<Request>>, std::move(*answer)), .now = at.now, .steps = at.steps};
}

StoreReply dispatch(Writer& writer, Reader& reader, const StoreRequest& request, const FollowingClock::Reading& at) {
  return std::visit(
      [&]<class Request>(const Request& typed) -> StoreReply {
        if constexpr (Read<Request>) {
          return reply_of<Request>(reader.run(typed), at);
        } else {
          return reply_of<Request>(writer.run(typed), at);
        }
      },
      request);
}

}  // namespace

std::size_t weight_of(const StoreRequest& request) {
  return std::visit(
      [](const auto& typed) -> std::size_t {
        if constexpr (requires { typed.items.size(); }) {
          return std::max<std::size_t>(1, typed.items.size());
        } else if constexpr (requires { typed.ids.size(); }) {
          return std::max<std::size_t>(1, typed.ids.size());
        } else {
          return 1;
        }
      },
      request);
}

bool is_read(const StoreRequest& request) {
  return std::visit([]<class Request>(const Request&) { return Read<Request>; }, request);
}

WriteBatch::WriteBatch(Connection& connection, StaleEnds& stale_ends)
    : connection_(connection),
      writer_(connection, stale_ends),
      reader_(connection, stale_ends),
      begin_(connection, "BEGIN IMMEDIATE"),
      commit_(connection, "COMMIT") {}

Result<void> WriteBatch::load() {
  auto read = writer_.tables().load();
  if (read) read = reader_.tables().load();
  loaded_ = read.has_value();
  return read;
}

std::vector<StoreReply> WriteBatch::run(const std::vector<const StoreRequest*>& requests, const FollowingClock::Reading& at) {
  std::vector<StoreReply> replies;
  replies.reserve(requests.size());
  if (broken_) {
    for (std::size_t i = 0; i < requests.size(); ++i) replies.push_back(fail(*broken_));
    return replies;
  }
  writer_.tables().now = at.now;
  writer_.steps = at.steps;
  auto error = try_together(requests, at, replies);
  if (!error) return replies;
  replies.clear();
  if (requests.size() == 1 || error->code == Code::Unknown) {
    for (std::size_t i = 0; i < requests.size(); ++i) replies.push_back(fail(*error));
    return replies;
  }
  for (const auto* request : requests) {
    auto alone = run({request}, at);
    replies.push_back(std::move(alone.front()));
  }
  return replies;
}

/// Nothing, or why none of the requests was carried out; Unknown: perhaps they were.
std::optional<Error> WriteBatch::try_together(const std::vector<const StoreRequest*>& requests, const FollowingClock::Reading& at,
                                              std::vector<StoreReply>& replies) {
  connection_.forget_failure();
  if (!loaded_) {
    if (auto read = load(); !read) return read.error();
  }
  if (!begin_.run().done()) return connection_.error("begin");
  for (const auto* request : requests) {
    replies.push_back(dispatch(writer_, reader_, *request, at));
    if (connection_.failed()) break;
  }
  if (!connection_.failed()) writer_.tables().save();
  if (connection_.failed()) {
    auto error = connection_.error("write");
    roll_back();
    return error;
  }
  return commit();
}

std::optional<Error> WriteBatch::commit() {
  if (commit_.run().done()) {
    writer_.committed();
    return std::nullopt;
  }
  auto error = connection_.error("commit");
  if ((connection_.failure_code() & 0xff) == SQLITE_IOERR) give_up(error);
  roll_back();
  // A full disk stops the write before its commit mark; an input or output error may come after it.
  if (error.code != Code::Exhausted) error.code = Code::Unknown;
  return error;
}

void WriteBatch::give_up(const Error& error) {
  broken_ = Error{.code = Code::Unavailable,
                  .message = error.message + ": the disk failed a commit, so the store takes nothing more; look at the disk, then restart",
                  .field = {},
                  .cause = {}};
  sqlite3_db_config(connection_.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

void WriteBatch::roll_back() {
  connection_.forget_failure();
  if (connection_.in_transaction()) connection_.execute("ROLLBACK");
  connection_.forget_failure();
  writer_.rolled_back();
  loaded_ = false;
}

ReadBatch::ReadBatch(Connection& connection, const StaleEnds& stale_ends)
    : connection_(connection), reader_(connection, stale_ends), begin_(connection, "BEGIN"), commit_(connection, "COMMIT") {}

StoreReply ReadBatch::run(const StoreRequest& request, const FollowingClock::Reading& at) {
  connection_.forget_failure();
  begin_.run().done();
  auto reply = std::visit(
      [&]<class Request>(const Request& typed) -> StoreReply {
        if constexpr (Read<Request>) {
          return reply_of<Request>(reader_.run(typed), at);
        } else {
          return fail(Code::Internal, "a request that writes reached the reader");
        }
      },
      request);
  commit_.run().done();
  if (!connection_.failed()) return reply;
  auto error = connection_.error("read");
  connection_.forget_failure();
  if (connection_.in_transaction()) connection_.execute("ROLLBACK");
  connection_.forget_failure();
  return fail(std::move(error));
}

}  // namespace meepo::adapters::sqlite
