#include "api/dubbo/task_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "api/dubbo/beans.h"
#include "api/dubbo/task_options.h"
#include "base/limits.h"
#include "base/text.h"
#include "protocol/dubbo/descriptor.h"
#include "protocol/hessian2/text.h"

namespace meepo::api {
namespace {

using hessian2::Document;
using hessian2::Value;
using Reply = DubboTaskService::Reply;

constexpr std::string_view kException = "org.cheng.meepo.task.exception.TaskServiceException";

enum class Verb { Create, Cancel, List, Get, Search, SaveResult, GetResult };

struct Method {
  std::string_view name;
  std::string_view descriptor;
  Verb verb;
  Permission permission;
};

constexpr std::array kMethods = {
    Method{"create", "Lorg/cheng/meepo/task/dto/ServiceInvokeParam;Lorg/cheng/meepo/task/constant/TaskType;Ljava/lang/String;",
           Verb::Create, Permission::TasksWrite},
    Method{"cancel", "Ljava/lang/String;", Verb::Cancel, Permission::TasksWrite},
    Method{"list", "", Verb::List, Permission::TasksRead},
    Method{"get", "Ljava/lang/String;", Verb::Get, Permission::TasksRead},
    Method{"search", "Lorg/cheng/meepo/task/dto/ServiceInvokeParam;", Verb::Search, Permission::TasksRead},
    Method{"saveResult", "Ljava/lang/String;Ljava/lang/Object;", Verb::SaveResult, Permission::TasksWrite},
    Method{"getResult", "Ljava/lang/String;", Verb::GetResult, Permission::TasksRead},
};

std::string known_methods() {
  std::string known;
  for (const Method& method : kMethods) known += fmt::format("{}{}({})", known.empty() ? "" : ", ", method.name, method.descriptor);
  return known;
}

/// The method of a call that check() let pass; nothing: a generic call of what there is not.
const Method* method_of(const dubbo::Request& request) {
  const auto method = std::ranges::find(kMethods, request.method, &Method::name);
  if (method == kMethods.end()) return nullptr;
  if (!request.types) return &*method;
  const auto descriptor = dubbo::descriptor_of(*request.types);
  return descriptor && *descriptor == method->descriptor ? &*method : nullptr;
}

/// The message names the field: the exception has no other place for it.
Reply thrown(const Error& error) {
  const bool named = error.field.empty() || error.message.contains(error.field);
  return {
      .answer = dubbo::Thrown{.class_name = std::string(kException), .message = named ? error.message : error.field + ": " + error.message},
      .document = nullptr};
}
Reply failed(dubbo::Status status, std::string text) {
  return {.answer = dubbo::Failed{.status = status, .text = std::move(text)}, .document = nullptr};
}
Reply returned(Value value, std::shared_ptr<Document> document = nullptr) {
  return {.answer = dubbo::Returned{.value = value}, .document = std::move(document)};
}
Reply returned_text(std::string_view utf8) {
  auto document = std::make_shared<Document>();
  const Value text = document->string_of_utf8(utf8);
  return returned(text, std::move(document));
}

}  // namespace

struct DubboTaskService::Call {
  std::size_t index = 0;
  const dubbo::Request& request;
  Verb verb;
  BeanForm form = BeanForm::Object;

  /// Argument i; check() has seen how many there are, a generic call without types may have fewer.
  Value argument(std::size_t i) const { return i < request.arguments.size() ? request.arguments[i] : Value(); }
};

/// Creates of calls that came together.
struct DubboTaskService::Creates {
  std::vector<Calls::Checked> specs;
  std::vector<std::size_t> indexes;  ///< of their calls
};

std::optional<dubbo::Refusal> DubboTaskService::check(const dubbo::RequestHead& head) {
  const auto refuse = [&head](std::string_view why) {
    return dubbo::Refusal{.status = dubbo::Status::BadRequest,
                          .text = fmt::format("Service {} version {}, method {}({}): {}.", quoted(head.path), quoted(head.service_version),
                                              quoted(head.method), quoted(head.descriptor), why)};
  };
  if (head.path != kTaskServiceInterface) return refuse(fmt::format("not served here; there is {}", kTaskServiceInterface));
  if (head.service_version != dubbo::kNoVersion) return refuse("not served here in this version; it has none");
  if (dubbo::is_generic(head) || dubbo::is_echo(head)) return std::nullopt;
  const bool known = std::ranges::any_of(
      kMethods, [&head](const Method& method) { return method.name == head.method && method.descriptor == head.descriptor; });
  if (known) return std::nullopt;
  return refuse("no such method; there are " + known_methods());
}

std::size_t DubboTaskService::answer_bytes(const dubbo::Request& request) {
  const auto method = std::ranges::find(kMethods, request.method, &Method::name);
  if (method == kMethods.end() || method->permission != Permission::TasksRead) return 0;
  return method->verb == Verb::List || method->verb == Verb::Search ? Calls::kPageBytes : limits::kPayloadBytesMax;
}

std::vector<std::string> DubboTaskService::methods() {
  std::vector<std::string> names;
  for (const Method& method : kMethods) names.emplace_back(method.name);
  return names;
}

Result<void> DubboTaskService::admit(const dubbo::Request& request, Permission permission, const boost::asio::ip::address& peer) const {
  const auto token = attachment_text(request.attachments, kTokenAttachment);
  if (!token) return fail(token.error());
  if (!token->empty() && access_.required()) {
    auto caller = access_.check("Bearer " + *token, permission);
    if (!caller) return fail(std::move(caller.error()).prefixed("the attachment meepo.token"));
    return {};
  }
  if (settings_.is_open) return {};
  auto app = attachment_text(request.attachments, "appId");
  if (app && app->empty()) app = attachment_text(request.attachments, "remote.application");
  if (!app) return fail(std::move(app.error()));
  const auto role = settings_.anonymous.role_of(*app, peer);
  if (role && has(*role, permission)) return {};
  return fail(role ? Code::Forbidden : Code::Unauthenticated,
              fmt::format("{} from {} by app {} was refused: {}; send a token as attachment {}, or start Meepo with "
                          "--dubbo-anonymous {}=client@{}",
                          request.method, peer.to_string(), quoted(*app),
                          role ? fmt::format("its role {} lacks the permission {}", to_string(*role), to_string(permission))
                               : std::string(token->empty() ? "it has no token" : "no token is known here"),
                          kTokenAttachment, app->empty() ? "*" : *app, peer.to_string()));
}

void DubboTaskService::serve(const std::vector<dubbo::ServedCall>& calls, const boost::asio::ip::address& peer, const Answered& answered) {
  Creates creates;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const dubbo::Request& request = calls[i].request;
    if (const auto group = request.attachments.text("group"); !group.empty()) {
      answered(i, failed(dubbo::Status::ServiceError,
                         fmt::format("Service {}: not served in group {}; it has none.", kTaskServiceInterface, quoted(group))));
      continue;
    }
    const Method* const method = method_of(request);
    if (method == nullptr) {
      answered(i, failed(dubbo::Status::ServiceError, fmt::format("Method {} of {} with these types: there are {}.", quoted(request.method),
                                                                  kTaskServiceInterface, known_methods())));
      continue;
    }
    if (const auto admitted = admit(request, method->permission, peer); !admitted) {
      answered(i, thrown(admitted.error()));
      continue;
    }
    serve_one({.index = i, .request = request, .verb = method->verb, .form = request.generic ? BeanForm::Map : BeanForm::Object}, creates,
              answered);
  }
  if (creates.specs.empty()) return;
  calls_.create_all(std::move(creates.specs), [indexes = std::move(creates.indexes), answered](Calls::CreatedAll created) {
    for (std::size_t i = 0; i < indexes.size(); ++i) {
      answered(indexes[i], created[i] ? returned_text(created[i]->id.text()) : thrown(created[i].error()));
    }
  });
}

void DubboTaskService::serve_one(const Call& call, Creates& creates, const Answered& answered) {
  const Verb verb = call.verb;
  if (verb == Verb::Create) return create(call, creates, answered);
  v1::ListTasksRequest filter;
  if (auto app = attachment_text(call.request.attachments, "appId")) filter.set_app_id(*std::move(app));
  if (verb == Verb::List) return list(call, filter, {}, answered);
  const auto i = call.index;
  if (verb == Verb::Search) {
    const auto interface = text_from(call.argument(0).field("interfaceName"), "interfaceName");
    const auto method = text_from(call.argument(0).field("methodName"), "methodName");
    auto version = text_from(call.argument(0).field("version"), "version");
    for (const auto* text : {&interface, &method, &std::as_const(version)}) {
      if (!*text) return answered(i, thrown(text->error()));
    }
    filter.set_interface(*interface);
    filter.set_method(*method);
    return list(call, filter, *std::move(version), answered);
  }
  const auto id = text_from(call.argument(0), "taskId");
  if (!id) return answered(i, thrown(id.error()));
  switch (verb) {
    case Verb::Cancel: {
      v1::CancelTaskRequest request;
      request.set_id(*id);
      return calls_.cancel(request, [i, answered](Result<v1::CancelTaskResponse> done) {
        answered(i, done ? returned(Document::boolean(done->cancelled())) : thrown(done.error()));
      });
    }
    case Verb::Get: {
      v1::GetTaskRequest request;
      request.set_id(*id);
      // A task that is not there is null, as the ids of another Meepo are.
      if (!task_id_from(*id)) return answered(i, returned(Value()));
      return calls_.get(request, [this, i, form = call.form, answered](Result<v1::Task> task) {
        if (!task) return answered(i, task.error().code == Code::NotFound ? returned(Value()) : thrown(task.error()));
        answered(i, [this, form, task = *std::move(task)] {
          auto document = std::make_shared<Document>();
          const Value context = context_from(task, settings_.server, form, *document);
          return returned(context, std::move(document));
        });
      });
    }
    case Verb::SaveResult: {
      const auto result = payload_from(call.argument(1), "result");
      if (!result) return answered(i, thrown(result.error()));
      return calls_.save_result(*id, *result, [i, answered](const Result<void>& saved) {
        answered(i, saved ? returned(Document::boolean(true)) : thrown(saved.error()));
      });
    }
    case Verb::GetResult:
      return calls_.result(*id, [i, answered](Result<v1::Payload> result) {
        if (!result) return answered(i, thrown(result.error()));
        answered(i, [result = *std::move(result)] {
          auto document = std::make_shared<Document>();
          const Value value = value_from(result, *document);
          return returned(value, std::move(document));
        });
      });
    case Verb::Create:
    case Verb::List:
    case Verb::Search: break;
  }
}

void DubboTaskService::create(const Call& call, Creates& creates, const Answered& answered) {
  const auto spec = [&call]() -> Result<v1::TaskSpec> {
    v1::TaskSpec out;
    if (auto put = put_options(call.request.attachments, out); !put) return fail(std::move(put.error()));
    const auto group = target_group(call.request.attachments);
    if (!group) return fail(group.error());
    if (auto put = put_service(call.argument(0), *group, out); !put) return fail(std::move(put.error()));
    const auto kind = kind_from(call.argument(1));
    if (!kind) return fail(kind.error());
    out.set_kind(*kind);
    auto define = text_from(call.argument(2), "executeDefine");
    if (!define) return fail(std::move(define.error()));
    out.set_define(*std::move(define));
    return out;
  }();
  if (!spec) return answered(call.index, thrown(spec.error()));
  creates.specs.push_back(calls_.check(*spec));
  creates.indexes.push_back(call.index);
}

void DubboTaskService::list(const Call& call, const v1::ListTasksRequest& filter, std::string version, const Answered& answered) {
  v1::ListTasksRequest request = filter;
  request.set_page_size(kListTasksMax);
  calls_.list(request,
              [this, i = call.index, form = call.form, version = std::move(version), answered](Result<v1::ListTasksResponse> page) {
                if (!page) return answered(i, thrown(page.error()));
                answered(i, [this, form, version, page = *std::move(page)] {
                  auto document = std::make_shared<Document>();
                  std::vector<Value> contexts;
                  for (const auto& task : page.tasks()) {
                    if (!version.empty() && task.spec().target().service().version() != version) continue;
                    contexts.push_back(context_from(task, settings_.server, form, *document));
                  }
                  const Value all = document->list("", contexts);
                  return returned(all, std::move(document));
                });
              });
}

}  // namespace meepo::api
