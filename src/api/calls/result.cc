// save_result and result: what firings left.

#include <algorithm>
#include <utility>

#include "api/calls/calls.h"
#include "base/limits.h"
#include "convert/convert.h"

namespace meepo::api {
namespace {

/// Rows that are looked at for the one that ended last: a task has seldom more firings under way at once.
constexpr std::size_t kRowsLookedAt = 100;

v1::Payload payload_of(const std::optional<Payload>& result) { return result ? convert::to_proto(*result) : v1::Payload(); }

v1::Payload newest_end(const std::vector<ports::LedgerRow>& rows) {
  const ports::LedgerRow* newest = nullptr;
  for (const auto& row : rows) {
    if (!row.firing || row.firing->fate != Fate::Fired || !row.firing->ended_at) continue;
    if (newest == nullptr || *row.firing->ended_at > *newest->firing->ended_at) newest = &row;
  }
  return newest == nullptr ? v1::Payload() : payload_of(newest->firing->result);
}

}  // namespace

void Calls::save_result(std::string_view text, const v1::Payload& result, std::move_only_function<void(Result<void>)> done) {
  const auto id = task_id_from(text);
  if (!id) return done(fail(id.error()));
  loop_.post([this, id = *id, result = convert::payload_from(result), done = std::move(done)]() mutable {
    scheduler_.save_result(id, std::move(result), std::move(done));
  });
}

void Calls::result(std::string_view text, Done<v1::Payload> done) {
  const auto id = task_id_from(text);
  if (!id) return done(fail(id.error()));
  loop_.post([this, id = *id, done = std::move(done)]() mutable {
    scheduler_.get(id, [this, id, done = std::move(done)](Result<ports::TaskView> view) mutable {
      if (!view) return done(fail(std::move(view.error())));
      if (!view->latest || view->latest->result || view->latest->state == State::Ended) {
        return done(view->latest ? payload_of(view->latest->result) : v1::Payload());
      }
      scheduler_.ledger({.shard = id.shard(), .id = id, .tick = {}, .before = {}, .limit = kRowsLookedAt},
                        [done = std::move(done)](Result<ports::LedgerRequest::Answer> ledger) mutable {
                          if (!ledger) return done(fail(std::move(ledger.error())));
                          done(newest_end(ledger->rows));
                        });
    });
  });
}

}  // namespace meepo::api
