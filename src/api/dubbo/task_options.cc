#include "api/dubbo/task_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "convert/short_text.h"
#include "protocol/hessian2/text.h"

namespace meepo::api {
namespace {

constexpr std::string_view kPrefix = "meepo.";
constexpr std::string_view kLabelPrefix = "meepo.label.";
constexpr std::string_view kGroup = "meepo.group";

std::unexpected<Error> refuse(std::string_view name, std::string_view value, std::string_view expected) {
  return fail(Code::InvalidArgument, fmt::format("{} is {}: expected {}", name, quoted(value), expected), std::string(name));
}

Result<std::uint32_t> number_from(std::string_view name, std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return refuse(name, text, "a whole number, 0 or more");
  return number;
}

Result<bool> flag_from(std::string_view name, std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return refuse(name, text, "true or false");
}

/// Stores what `read` makes of the text.
template <class T, class Store>
Result<void> put(Result<T> read, Store store) {
  if (!read) return fail(std::move(read.error()));
  store(*std::move(read));
  return {};
}

struct Option {
  std::string_view name;
  Result<void> (*put)(v1::TaskSpec& spec, std::string_view name, const std::string& text);
};

constexpr std::array kOptions = {
    Option{"meepo.requestId",
           [](v1::TaskSpec& spec, std::string_view, const std::string& text) {
             spec.set_request_id(text);
             return Result<void>();
           }},
    Option{"meepo.uniqueKey",
           [](v1::TaskSpec& spec, std::string_view, const std::string& text) {
             spec.set_unique_key(text);
             return Result<void>();
           }},
    Option{"meepo.name",
           [](v1::TaskSpec& spec, std::string_view, const std::string& text) {
             spec.set_name(text);
             return Result<void>();
           }},
    Option{"meepo.zone",
           [](v1::TaskSpec& spec, std::string_view, const std::string& text) {
             spec.set_zone(text);
             return Result<void>();
           }},
    Option{"meepo.runOnce",
           [](v1::TaskSpec& spec, std::string_view name, const std::string& text) {
             return put(flag_from(name, text), [&](bool once) { spec.set_run_once(once); });
           }},
    Option{"meepo.timeoutMs",
           [](v1::TaskSpec& spec, std::string_view name, const std::string& text) {
             if (text == "0") return Result<void>(refuse(name, text, "at least 1"));
             return put(number_from(name, text), [&](std::uint32_t timeout) { spec.set_timeout_ms(timeout); });
           }},
    Option{"meepo.priority",
           [](v1::TaskSpec& spec, std::string_view name, const std::string& text) {
             return put(number_from(name, text), [&](std::uint32_t priority) { spec.set_priority(priority); });
           }},
    Option{"meepo.maxCount",
           [](v1::TaskSpec& spec, std::string_view name, const std::string& text) {
             return put(number_from(name, text), [&](std::uint32_t count) { spec.set_max_count(count); });
           }},
    Option{"meepo.jitterMs",
           [](v1::TaskSpec& spec, std::string_view name, const std::string& text) {
             return put(number_from(name, text), [&](std::uint32_t jitter) { spec.set_jitter_ms(jitter); });
           }},
    Option{"meepo.retry",
           [](v1::TaskSpec& spec, std::string_view name, const std::string& text) {
             return put(convert::parse_retry(text, name), [&](v1::RetryPolicy retry) {
               if (retry.policy_case() != v1::RetryPolicy::POLICY_NOT_SET) *spec.mutable_retry() = std::move(retry);
             });
           }},
    Option{"meepo.onLost",
           [](v1::TaskSpec& spec, std::string_view name, const std::string& text) {
             return put(convert::parse_on_lost(text, name), [&](v1::OnLost on_lost) { spec.set_on_lost(on_lost); });
           }},
    Option{"meepo.misfire",
           [](v1::TaskSpec& spec, std::string_view name, const std::string& text) {
             return put(convert::parse_misfire(text, name), [&](v1::Misfire misfire) { *spec.mutable_misfire() = std::move(misfire); });
           }},
    Option{"meepo.overlap",
           [](v1::TaskSpec& spec, std::string_view name, const std::string& text) {
             return put(convert::parse_overlap(text, name), [&](v1::Overlap::Policy overlap) { spec.set_overlap(overlap); });
           }},
    Option{"meepo.startAt",
           [](v1::TaskSpec& spec, std::string_view name,
              const std::string&
                  text) { return put(convert::parse_instant(text, name), [&](auto at) { *spec.mutable_start_at() = std::move(at); }); }},
    Option{"meepo.endAt",
           [](v1::TaskSpec& spec, std::string_view name,
              const std::string&
                  text) { return put(convert::parse_instant(text, name), [&](auto at) { *spec.mutable_end_at() = std::move(at); }); }},
    Option{"meepo.dst",
           [](v1::TaskSpec& spec, std::string_view name,
              const std::string& text) { return put(convert::parse_dst(text, name), [&](v1::Dst::Rule dst) { spec.set_dst(dst); }); }},
};

Result<void> put_option(std::string_view name, const std::string& text, v1::TaskSpec& spec) {
  if (name.starts_with(kLabelPrefix)) {
    (*spec.mutable_labels())[std::string(name.substr(kLabelPrefix.size()))] = text;
    return {};
  }
  const auto option = std::ranges::find(kOptions, name, &Option::name);
  if (option != kOptions.end()) return option->put(spec, name, text);
  std::string known;
  for (const Option& each : kOptions) known += fmt::format("{}, ", each.name);
  return fail(Code::InvalidArgument,
              fmt::format("the attachment {} is not known: there are {}{}, {}KEY and {}", quoted(name), known, kGroup, kLabelPrefix,
                          kTokenAttachment),
              std::string(name));
}

}  // namespace

Result<std::string> attachment_text(const dubbo::Attachments& attachments, std::string_view name) {
  const auto value = attachments.find(name);
  switch (value.kind()) {
    case hessian2::Kind::Null: return std::string();
    case hessian2::Kind::Bool: return std::string(value.number() != 0 ? "true" : "false");
    case hessian2::Kind::String:
    case hessian2::Kind::Int:
    case hessian2::Kind::Long: return hessian2::to_utf8(attachments.text(name));
    default:
      return fail(Code::InvalidArgument, fmt::format("the attachment {} is neither a text nor a number", quoted(name)), std::string(name));
  }
}

Result<std::string> target_group(const dubbo::Attachments& attachments) { return attachment_text(attachments, kGroup); }

Result<void> put_options(const dubbo::Attachments& attachments, v1::TaskSpec& spec) {
  for (const std::string_view name : {"appId", "remote.application"}) {
    auto app = attachment_text(attachments, name);
    if (!app) return fail(std::move(app.error()));
    if (!spec.app_id().empty() || app->empty()) continue;
    spec.set_app_id(*std::move(app));
  }
  if (spec.app_id().empty()) spec.set_app_id("dubbo");
  for (const auto& [name, value] : attachments.entries) {
    if (!name.starts_with(kPrefix) || name == kTokenAttachment || name == kGroup) continue;
    const auto text = attachment_text(attachments, name);
    if (!text) return fail(text.error());
    if (auto done = put_option(name, *text, spec); !done) return done;
  }
  return {};
}

}  // namespace meepo::api
