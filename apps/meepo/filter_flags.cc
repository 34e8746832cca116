#include "filter_flags.h"

#include <algorithm>

#include "base/limits.h"
#include "convert/short_text.h"

namespace meepo::cli {
namespace {

template <class Request>
Result<Request> request_from(const FilterFlags& flags) {
  Request request;
  request.set_app_id(flags.app_id);
  request.set_interface(flags.interface);
  request.set_method(flags.method);
  request.set_name(flags.name);
  request.set_created_from(flags.from);
  request.set_created_to(flags.to);
  for (const auto& label : flags.labels) request.add_label(label);
  if (!flags.kind.empty()) {
    const auto kind = convert::parse_kind(flags.kind, "--kind");
    if (!kind) return fail(kind.error());
    request.set_kind(*kind);
  }
  if (flags.status.empty()) return request;
  v1::Status::Value status = v1::Status::STATUS_UNSPECIFIED;
  if (!v1::Status::Value_Parse(flags.status, &status) || status == v1::Status::STATUS_UNSPECIFIED) {
    return fail(Code::InvalidArgument,
                "--status is \"" + flags.status + "\"; expected CREATE, SCHEDULE, RUNNING, SUCCESS, DONE, FAIL or CANCEL", "--status");
  }
  request.set_status(status);
  return request;
}

}  // namespace

void add_filter_flags(CLI::App& command, FilterFlags& flags) {
  command.add_option("--app", flags.app_id, "Of this application");
  command.add_option("--interface", flags.interface, "That call this interface");
  command.add_option("--method", flags.method, "That call this method");
  command.add_option("--kind", flags.kind, "real, ladder, timing or plan");
  command.add_option("--status", flags.status, "CREATE, SCHEDULE, RUNNING, SUCCESS, DONE, FAIL or CANCEL");
  command.add_option("--name", flags.name, "Whose name contains this; upper and lower case alike");
  command.add_option("--label", flags.labels, "That have this label, KEY=VALUE; repeat for more")->take_all();
  command.add_option("--from", flags.from, "Created at or after, ISO 8601");
  command.add_option("--to", flags.to, "Created before, ISO 8601");
}

Result<v1::ListTasksRequest> list_request(const FilterFlags& flags) { return request_from<v1::ListTasksRequest>(flags); }
Result<v1::CountTasksRequest> count_request(const FilterFlags& flags) { return request_from<v1::CountTasksRequest>(flags); }

Result<Found> find_tasks(client::Client& client, v1::ListTasksRequest request, std::size_t most) {
  Found found;
  for (;;) {
    // One more than is wanted says whether there are more.
    request.set_page_size(static_cast<std::uint32_t>(std::min(limits::kPageSizeMax, most + 1 - found.tasks.size())));
    auto page = client.list(request);
    if (!page) return fail(std::move(page.error()));
    for (auto& task : *page->mutable_tasks()) found.tasks.push_back(std::move(task));
    if (found.tasks.size() > most) {
      found.tasks.resize(most);
      found.more = true;
      return found;
    }
    if (page->next_page_token().empty()) return found;
    request.set_page_token(page->next_page_token());
  }
}

Result<std::uint64_t> count_tasks(client::Client& client, v1::CountTasksRequest request) {
  std::uint64_t count = 0;
  for (;;) {
    const auto part = client.count(request);
    if (!part) return fail(part.error());
    count += part->tasks();
    if (part->next_page_token().empty()) return count;
    request.set_page_token(part->next_page_token());
  }
}

}  // namespace meepo::cli
