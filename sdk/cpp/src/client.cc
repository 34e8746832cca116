#include "meepo/client.h"

#include <utility>

#include "client/client.h"
#include "convert/status.h"
#include "spec.h"

namespace meepo::inline sdk {

class Client::Impl {
 public:
  explicit Impl(ClientOptions options) : app_id(std::move(options.app_id)) {
    auto connected = client::Client::connect(
        {.address = std::move(options.address), .token = std::move(options.token), .timeout = options.timeout, .writer = {}});
    if (connected) {
      grpc = std::move(*connected);
    } else {
      error = std::move(connected.error());
    }
  }

  const std::string app_id;
  std::unique_ptr<client::Client> grpc;  ///< null: `error` says why
  Error error;
};

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

std::future<Result<Created>> Client::create(Task task) {
  std::promise<Result<Created>> promise;
  auto future = promise.get_future();
  create(std::move(task), [promise = std::move(promise)](Result<Created> created) mutable { promise.set_value(std::move(created)); });
  return future;
}

void Client::create(Task task, CreatedCallback done) {
  if (!impl_->grpc) {
    done(fail(impl_->error));
    return;
  }
  auto spec = to_spec(task, impl_->app_id);
  if (!spec) {
    done(fail(std::move(spec.error())));
    return;
  }
  impl_->grpc->writer().create(std::move(*spec), [done = std::move(done)](Result<v1::CreateTaskResponse> response) mutable {
    if (response) {
      done(to_created(std::move(*response)));
    } else {
      done(fail(std::move(response.error())));
    }
  });
}

Result<std::vector<Result<Created>>> Client::create_batch(std::vector<Task> tasks) {
  if (!impl_->grpc) return fail(impl_->error);
  v1::CreateBatchRequest request;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    auto spec = to_spec(tasks[i], impl_->app_id);
    if (!spec) {
      spec.error().field = "specs[" + std::to_string(i) + "]." + spec.error().field;
      return fail(std::move(spec.error()));
    }
    *request.add_specs() = std::move(*spec);
  }
  auto response = impl_->grpc->create_batch(request);
  if (!response) return fail(std::move(response.error()));
  std::vector<Result<Created>> answers;
  answers.reserve(tasks.size());
  for (auto& item : *response->mutable_items()) {
    if (item.has_created()) {
      answers.emplace_back(to_created(std::move(*item.mutable_created())));
    } else {
      answers.emplace_back(fail(convert::error_from(item.error())));
    }
  }
  return answers;
}

bool Client::flush(std::chrono::milliseconds timeout) { return !impl_->grpc || impl_->grpc->writer().flush(timeout); }

Result<TaskInfo> Client::get(const std::string& id) {
  if (!impl_->grpc) return fail(impl_->error);
  v1::GetTaskRequest request;
  request.set_id(id);
  const auto task = impl_->grpc->get(request);
  if (!task) return fail(task.error());
  return to_task_info(*task);
}

Result<TaskPage> Client::list(const ListFilter& filter) {
  if (!impl_->grpc) return fail(impl_->error);
  v1::ListTasksRequest request;
  request.set_app_id(filter.app_id);
  request.set_interface(filter.interface);
  request.set_method(filter.method);
  request.set_page_size(filter.page_size);
  request.set_page_token(filter.page_token);
  const auto response = impl_->grpc->list(request);
  if (!response) return fail(response.error());
  TaskPage page{.tasks = {}, .next_page_token = response->next_page_token()};
  for (const v1::Task& task : response->tasks()) page.tasks.push_back(to_task_info(task));
  return page;
}

Result<Cancelled> Client::cancel(const std::string& id) {
  if (!impl_->grpc) return fail(impl_->error);
  v1::CancelTaskRequest request;
  request.set_id(id);
  const auto response = impl_->grpc->cancel(request);
  if (!response) return fail(response.error());
  return Cancelled{.cancelled = response->cancelled(),
                   .running = {response->running().begin(), response->running().end()},
                   .chained = {response->chained().begin(), response->chained().end()}};
}

}  // namespace meepo::inline sdk
