// get, list, count, ledger; info, counts, executors, ready.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "api/calls/calls.h"
#include "base/limits.h"
#include "base/text.h"
#include "convert/convert.h"

namespace meepo::api {
namespace {

Result<std::size_t> page_size_from(std::uint32_t size) {
  if (size > limits::kPageSizeMax) {
    return fail(Code::InvalidArgument,
                fmt::format("pageSize is {}: expected 1 to {}, or 0 for {}", size, limits::kPageSizeMax, limits::kPageSizeDefault),
                "pageSize");
  }
  return size == 0 ? limits::kPageSizeDefault : size;
}

std::unexpected<Error> bad_page_token(std::string_view token) {
  return fail(Code::InvalidArgument, fmt::format("pageToken is {}: expected the nextPageToken of the page before", quoted(token)),
              "pageToken");
}

Result<std::optional<SysTime>> time_from(std::string_view text, std::string_view field) {
  if (text.empty()) return std::nullopt;
  const auto time = instant_from(text, field);
  if (!time) return fail(time.error());
  return *time;
}

Result<std::vector<std::pair<std::string, std::string>>> labels_from(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  if (texts.size() > static_cast<int>(limits::kLabelsMax)) {
    return fail(Code::InvalidArgument, fmt::format("there are {} labels: expected at most {}", texts.size(), limits::kLabelsMax), "label");
  }
  std::vector<std::pair<std::string, std::string>> labels;
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Code::InvalidArgument, fmt::format("label is {}: expected key=value", quoted(text)), "label");
    }
    labels.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return labels;
}

/// The filter and the page token of a request that has the fields of one.
template <class Request>
Result<ports::ListRequest> filter_from(const Request& request) {
  ports::ListRequest list;
  list.filter.app_id = request.app_id();
  list.filter.interface = request.interface();
  list.filter.method = request.method();
  const auto kind = convert::kind_from(request.kind());
  if (!kind) return fail(kind.error());
  list.filter.kind = *kind;
  const auto status = convert::status_from(request.status());
  if (!status) return fail(status.error());
  list.filter.status = *status;
  const auto from = time_from(request.created_from(), "createdFrom");
  if (!from) return fail(from.error());
  list.filter.created_from = *from;
  const auto to = time_from(request.created_to(), "createdTo");
  if (!to) return fail(to.error());
  list.filter.created_to = *to;
  list.filter.name = request.name();
  auto labels = labels_from(request.label());
  if (!labels) return fail(std::move(labels.error()));
  list.filter.labels = std::move(*labels);
  if (request.page_token().empty()) return list;
  const auto before = TaskId::parse(request.page_token());
  if (!before) return bad_page_token(request.page_token());
  list.before = *before;
  return list;
}

Result<ports::ListRequest> list_from(const v1::ListTasksRequest& request) {
  const auto size = page_size_from(request.page_size());
  if (!size) return fail(size.error());
  auto list = filter_from(request);
  if (list) list->limit = *size;
  return list;
}

Result<ports::LedgerRequest> ledger_from(const v1::LedgerRequest& request) {
  const auto id = task_id_from(request.id());
  if (!id) return fail(id.error());
  const auto size = page_size_from(request.page_size());
  if (!size) return fail(size.error());
  ports::LedgerRequest ledger{.shard = id->shard(), .id = *id, .tick = {}, .before = {}, .limit = *size};
  const auto& token = request.page_token();
  if (token.empty()) return ledger;
  std::uint64_t before = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), before);
  if (error != std::errc() || end != token.data() + token.size()) return bad_page_token(token);
  ledger.before = before;
  return ledger;
}

v1::ListTasksResponse to_proto(const ports::ListRequest::Answer& page) {
  v1::ListTasksResponse response;
  std::size_t bytes = 0;
  for (const auto& view : page.tasks) {
    auto& task = *response.add_tasks();
    convert::to_proto(view, task);
    bytes += task.ByteSizeLong();
    if (bytes > Calls::kPageBytes && &view != &page.tasks.back()) {
      response.set_next_page_token(std::string(view.task->id.text()));
      return response;
    }
  }
  if (page.next) response.set_next_page_token(std::string(page.next->text()));
  return response;
}

v1::LedgerResponse to_proto(const ports::LedgerRequest::Answer& page) {
  v1::LedgerResponse response;
  std::size_t bytes = 0;
  for (const auto& row : page.rows) {
    auto& out = *response.add_rows();
    convert::to_proto(row, out);
    bytes += out.ByteSizeLong();
    if (bytes > Calls::kPageBytes && &row != &page.rows.back()) {
      response.set_next_page_token(std::to_string(row.sequence));
      return response;
    }
  }
  if (page.next) response.set_next_page_token(std::to_string(*page.next));
  return response;
}

std::uint32_t to_uint32(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

v1::CountsResponse to_proto(const ports::CountsRequest::Answer& counts) {
  v1::CountsResponse response;
  response.set_tasks(to_uint32(counts.tasks));
  for (const auto& [status, count] : counts.by_status)
    (*response.mutable_tasks_by_status())[std::string(to_string(status))] = to_uint32(count);
  for (const auto& [state, count] : counts.by_state)
    (*response.mutable_firings_by_state())[std::string(to_string(state))] = to_uint32(count);
  response.set_stale_ends(to_uint32(counts.stale_ends));
  return response;
}

v1::ListExecutorsResponse to_proto(const std::vector<scheduler::ExecutorView>& executors) {
  v1::ListExecutorsResponse response;
  for (const auto& executor : executors) {
    auto& out = *response.add_executors();
    out.set_instance(executor.instance);
    out.set_name(executor.name);
    for (const auto& key : executor.target_keys) out.add_target_keys(key);
    out.set_running(to_uint32(executor.running));
    out.set_credits(executor.credits);
    *out.mutable_connected_at() = convert::to_proto(executor.connected_at);
  }
  return response;
}

/// Turns a done for the scheduler's answer into one for the message made of it.
template <class Answer, class Message>
auto as_message(Done<Message> done) {
  return [done = std::move(done)](Result<Answer> answer) mutable {
    if (!answer) return done(fail(std::move(answer.error())));
    done(to_proto(*answer));
  };
}

}  // namespace

Result<SysTime> instant_from(std::string_view text, std::string_view field) {
  const auto time = parse_iso(text);
  if (time) return *time;
  return fail(Code::InvalidArgument,
              fmt::format("{} is {}: expected ISO 8601 such as 2026-11-24T05:10:00Z or 2026-11-24T13:10:00.123+08:00", field, quoted(text)),
              std::string(field));
}

void Calls::get(const v1::GetTaskRequest& request, Done<v1::Task> done) {
  const auto id = task_id_from(request.id());
  if (!id) return done(fail(id.error()));
  auto finish = [done = std::move(done)](Result<ports::TaskView> view) mutable {
    if (!view) return done(fail(std::move(view.error())));
    v1::Task task;
    convert::to_proto(*view, task);
    done(std::move(task));
  };
  loop_.post([this, id = *id, finish = std::move(finish)]() mutable { scheduler_.get(id, std::move(finish)); });
}

void Calls::list(const v1::ListTasksRequest& request, Done<v1::ListTasksResponse> done) {
  auto list = list_from(request);
  if (!list) return done(fail(std::move(list.error())));
  auto finish = as_message<ports::ListRequest::Answer>(std::move(done));
  loop_.post(
      [this, list = *std::move(list), finish = std::move(finish)]() mutable { scheduler_.list(std::move(list), std::move(finish)); });
}

void Calls::count(const v1::CountTasksRequest& request, Done<v1::CountTasksResponse> done) {
  auto list = filter_from(request);
  if (!list) return done(fail(std::move(list.error())));
  list->count_only = true;
  auto finish = [done = std::move(done)](Result<ports::ListRequest::Answer> answer) mutable {
    if (!answer) return done(fail(std::move(answer.error())));
    v1::CountTasksResponse response;
    response.set_tasks(to_uint32(answer->matched));
    if (answer->next) response.set_next_page_token(std::string(answer->next->text()));
    done(std::move(response));
  };
  loop_.post(
      [this, list = *std::move(list), finish = std::move(finish)]() mutable { scheduler_.list(std::move(list), std::move(finish)); });
}

void Calls::ledger(const v1::LedgerRequest& request, Done<v1::LedgerResponse> done) {
  auto ledger = ledger_from(request);
  if (!ledger) return done(fail(std::move(ledger.error())));
  auto finish = as_message<ports::LedgerRequest::Answer>(std::move(done));
  loop_.post([this, ledger = *ledger, finish = std::move(finish)]() mutable { scheduler_.ledger(ledger, std::move(finish)); });
}

void Calls::info(const v1::InfoRequest& /*request*/, Done<v1::InfoResponse> done) {
  v1::InfoResponse response;
  response.set_version(settings_.version);
  response.set_zone(settings_.default_zone);
  *response.mutable_started_at() = convert::to_proto(settings_.started_at);
  response.set_store(settings_.store);
  done(std::move(response));
}

void Calls::counts(const v1::CountsRequest& /*request*/, Done<v1::CountsResponse> done) {
  auto finish = as_message<ports::CountsRequest::Answer>(std::move(done));
  loop_.post([this, finish = std::move(finish)]() mutable { scheduler_.counts(std::move(finish)); });
}

void Calls::list_executors(const v1::ListExecutorsRequest& /*request*/, Done<v1::ListExecutorsResponse> done) {
  loop_.post([this, done = std::move(done)]() mutable { done(to_proto(scheduler_.executors())); });
}

void Calls::ready(std::move_only_function<void(bool)> done) {
  loop_.post([this, done = std::move(done)]() mutable { done(scheduler_.ready()); });
}

}  // namespace meepo::api
