// create, createBatch and what the create stream needs.

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "api/calls/arguments.h"
#include "api/calls/calls.h"
#include "base/limits.h"
#include "convert/convert.h"
#include "convert/status.h"
#include "schedule/zone.h"

namespace meepo::api {

Calls::Checked Calls::check(const v1::TaskSpec& spec) const {
  auto read = convert::spec_from(spec);
  if (!read) return fail(std::move(read.error()));
  auto checked = scheduler::check(*std::move(read), settings_.default_zone);
  if (!checked) return checked;
  if (auto fit = check_arguments(checked->task->spec); !fit) return fail(std::move(fit.error()));
  return checked;
}

void Calls::create_all(std::vector<Checked> specs, std::move_only_function<void(CreatedAll)> done) {
  CreatedAll answers;
  answers.reserve(specs.size());
  std::vector<scheduler::CheckedSpec> good;
  std::vector<std::size_t> places;  // of the good ones
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i]) {
      good.push_back(*std::move(specs[i]));
      places.push_back(i);
      answers.emplace_back(scheduler::Created{});
    } else {
      answers.emplace_back(fail(std::move(specs[i].error())));
    }
  }
  if (good.empty()) return done(std::move(answers));
  auto finish = [answers = std::move(answers), places = std::move(places), done = std::move(done)](CreatedAll created) mutable {
    for (std::size_t i = 0; i < places.size(); ++i) answers[places[i]] = std::move(created[i]);
    done(std::move(answers));
  };
  loop_.post(
      [this, good = std::move(good), finish = std::move(finish)]() mutable { scheduler_.create(std::move(good), std::move(finish)); });
}

void Calls::put_created(const scheduler::Created& created, v1::CreateTaskResponse& out) {
  out.set_id(std::string(created.id.text()));
  out.set_first_due(schedule::to_iso_in_zone(created.first_due, created.zone));
  out.set_zone(created.zone);
  for (const auto& warning : created.warnings) out.add_warnings(warning);
  out.set_existed(created.existed);
}

void Calls::create(const v1::CreateTaskRequest& request, Done<v1::CreateTaskResponse> done) {
  if (auto admitted = admit_creates(1); !admitted) return done(fail(std::move(admitted.error())));
  std::vector<Checked> specs;
  specs.push_back(check(request.spec()));
  create_all(std::move(specs), [done = std::move(done)](CreatedAll created) mutable {
    if (!created.front()) return done(fail(std::move(created.front().error())));
    v1::CreateTaskResponse response;
    put_created(*created.front(), response);
    done(std::move(response));
  });
}

void Calls::create_batch(const v1::CreateBatchRequest& request, Done<v1::CreateBatchResponse> done) {
  const auto count = static_cast<std::size_t>(request.specs_size());
  if (count > limits::kBatchItemsMax) {
    return done(fail(Code::Exhausted,
                     fmt::format("specs is {} long: expected at most {}; nothing was created", count, limits::kBatchItemsMax), "specs"));
  }
  if (auto admitted = admit_creates(count); !admitted) return done(fail(std::move(admitted.error())));
  std::vector<Checked> specs;
  specs.reserve(count);
  for (const auto& spec : request.specs()) specs.push_back(check(spec));
  create_all(std::move(specs), [done = std::move(done)](CreatedAll created) mutable {
    v1::CreateBatchResponse response;
    for (const auto& answer : created) {
      auto& item = *response.add_items();
      if (answer) {
        put_created(*answer, *item.mutable_created());
      } else {
        *item.mutable_error() = convert::to_proto(answer.error());
      }
    }
    done(std::move(response));
  });
}

}  // namespace meepo::api
