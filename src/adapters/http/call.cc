#include "adapters/http/call.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url_view.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "base/time.h"

namespace meepo::adapters::http {

namespace {

constexpr std::size_t kBodyInError = 500;

using Digest = std::array<unsigned char, 32>;

std::string hex(const unsigned char* bytes, std::size_t count) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    out += kDigits[bytes[i] >> 4U];
    out += kDigits[bytes[i] & 15U];
  }
  return out;
}

Digest sha256(std::string_view text) {
  Digest digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

std::string trace_parent(const ports::RunContext& context) {
  const Digest trace = sha256(context.id().text());
  const Digest span = sha256(context.id().text() + "#" + std::to_string(context.attempt()));
  return "00-" + hex(trace.data(), 16) + "-" + hex(span.data(), 8) + "-01";
}

std::string_view media_type(std::string_view content_type) {
  const auto end = std::min(content_type.find(';'), content_type.size());
  auto type = content_type.substr(0, end);
  while (type.ends_with(' ')) type.remove_suffix(1);
  return type;
}

bool is_json(std::string_view content_type) {
  const auto type = media_type(content_type);
  return type == "application/json" || type.ends_with("+json");
}

std::string begin_of(std::string_view body) {
  std::string text(body.substr(0, kBodyInError));
  while (!text.empty() && !is_utf8(text)) text.pop_back();
  return text;
}

}  // namespace

std::string url_of_method(std::string_view url, std::string_view method) {
  static constexpr std::string_view kPlace = "{method}";
  const std::string name = boost::urls::encode(method, boost::urls::unreserved_chars);
  std::string out(url);
  if (const auto place = out.find(kPlace); place != std::string::npos) return out.replace(place, kPlace.size(), name);
  const auto end = std::min(out.find_first_of("?#"), out.size());
  const bool slash = end > 0 && out[end - 1] == '/';
  return out.insert(end, slash ? name : "/" + name);
}

Result<Call> call_to(std::string_view url) {
  const auto parsed = boost::urls::parse_uri(url);
  const bool http = parsed && parsed->scheme_id() == boost::urls::scheme::http;
  const bool https = parsed && parsed->scheme_id() == boost::urls::scheme::https;
  if ((!http && !https) || parsed->host().empty()) {
    return fail(Code::InvalidArgument, "the URL is \"" + std::string(url) + "\": expected http://HOST/… or https://HOST/…", "url");
  }
  Call call{.method = "GET", .tls = https, .host = parsed->host_address(), .port = static_cast<std::uint16_t>(https ? 443 : 80)};
  if (parsed->has_port() && parsed->port_number() != 0) call.port = parsed->port_number();
  call.path_and_query = parsed->encoded_path().empty() ? "/" : std::string(parsed->encoded_path());
  if (parsed->has_query()) call.path_and_query += "?" + std::string(parsed->encoded_query());
  return call;
}

Result<Call> call_of(const HttpTarget& target, std::string_view app_id, const ports::RunContext& context) {
  auto call = call_to(target.url);
  if (!call) return call;
  call->method = target.method;
  call->body = target.body.data;
  call->headers = target.headers;
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(call->headers, [&](const auto& header) {
      return std::ranges::equal(header.first, name, [](char a, char b) { return (a | 32) == (b | 32); });
    });
  };
  const std::string firing = context.id().text();
  const auto add = [&](std::string name, std::string value) {
    if (!has(name)) call->headers.emplace_back(std::move(name), std::move(value));
  };
  if (!call->body.empty()) add("Content-Type", target.body.encoding == Encoding::Json ? "application/json" : "application/octet-stream");
  add("User-Agent", "meepo");
  add("Idempotency-Key", firing);
  add("traceparent", trace_parent(context));
  std::erase_if(call->headers, [](const auto& header) { return header.first.size() > 6 && header.first.substr(0, 6) == "Meepo-"; });
  add("Meepo-Firing-Id", firing);
  add("Meepo-Attempt", std::to_string(context.attempt()));
  add("Meepo-Tick", context.id().tick.text());
  add("Meepo-Due", to_iso_utc(context.due()));
  add("Meepo-Deadline", to_iso_utc(context.deadline()));
  add("Meepo-App", std::string(app_id));
  return call;
}

Result<Call> call_of(const ServiceTarget& target, std::string_view url, std::string_view app_id, const ports::RunContext& context) {
  if (!target.params.empty() && target.params.encoding != Encoding::Json) {
    return fail(Code::InvalidArgument, "the parameters of " + target_label(target) + " are not JSON, which an HTTP service takes",
                "params");
  }
  HttpTarget request{.method = "POST",
                     .url = url_of_method(url, target.method),
                     .headers = {},
                     .body = {.encoding = Encoding::Json, .data = target.params.empty() ? "[]" : target.params.data}};
  auto call = call_of(request, app_id, context);
  if (!call) return call;
  call->headers.emplace_back("Meepo-Interface", target.interface);
  call->headers.emplace_back("Meepo-Method", target.method);
  if (!target.version.empty()) call->headers.emplace_back("Meepo-Version", target.version);
  if (!target.group.empty()) call->headers.emplace_back("Meepo-Group", target.group);
  return call;
}

void sign(Call& call, std::string_view key, std::int64_t now_ms) {
  std::erase_if(call.headers, [](const auto& header) { return header.first == "Meepo-Signature"; });
  const auto firing = std::ranges::find_if(call.headers, [](const auto& header) { return header.first == "Meepo-Firing-Id"; });
  const std::string_view id = firing == call.headers.end() ? std::string_view() : std::string_view(firing->second);
  call.headers.emplace_back("Meepo-Signature", signature(key, now_ms, call.method, call.path_and_query, id, call.body));
}

std::string signature(std::string_view key, std::int64_t now_ms, std::string_view method, std::string_view path_and_query,
                      std::string_view firing_id, std::string_view body) {
  const std::string time = std::to_string(now_ms);
  std::string text = time;
  for (const auto part : {method, path_and_query, firing_id, body}) text.append("\n").append(part);
  Digest digest{};
  unsigned size = digest.size();
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       digest.data(), &size);
  return "t=" + time + ",v1=" + hex(digest.data(), digest.size());
}

Result<std::optional<Call>> redirected(const Call& call, const Reply& reply) {
  const bool redirect = reply.status == 301 || reply.status == 302 || reply.status == 303 || reply.status == 307 || reply.status == 308;
  if (!redirect || reply.location.empty()) return std::nullopt;
  std::string url = reply.location;
  if (url.starts_with('/') && !url.starts_with("//")) {
    const bool v6 = call.host.find(':') != std::string::npos;
    url = (call.tls ? "https://" : "http://") + (v6 ? "[" + call.host + "]" : call.host) + ":" + std::to_string(call.port) + url;
  }
  auto next = call_to(url);
  if (!next) return fail(std::move(next.error()).prefixed("redirected by " + std::to_string(reply.status)));
  const bool as_get = reply.status == 303 || (call.method == "POST" && (reply.status == 301 || reply.status == 302));
  next->method = as_get ? "GET" : call.method;
  next->headers = call.headers;
  if (!as_get) next->body = call.body;
  // Another host gets no credentials, and no signature that it could use.
  if (next->host != call.host || next->port != call.port || next->tls != call.tls) {
    std::erase_if(next->headers, [](const auto& header) {
      std::string name = header.first;
      std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      return name == "authorization" || name == "cookie" || name == "meepo-signature" || name == "proxy-authorization";
    });
  }
  return next;
}

ports::InvokeResult outcome_of(const Call& call, const Reply& reply) {
  ports::InvokeResult result{.outcome = Outcome::Fail, .result = std::nullopt, .error = {}};
  if (reply.status < 200 || reply.status > 299) {
    result.error = call.method + " " + call.host + ": answered " + std::to_string(reply.status);
    if (!reply.body.empty()) result.error += ": " + begin_of(reply.body);
    return result;
  }
  boost::system::error_code error;
  const bool json = is_json(reply.content_type) && is_utf8(reply.body);
  const auto value = json ? boost::json::parse(reply.body, error) : boost::json::value();
  const auto* object = json && !error ? value.if_object() : nullptr;
  const auto text = [&](const char* name) {
    const auto* member = object != nullptr ? object->if_contains(name) : nullptr;
    return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
  };
  if (reply.outcome == "FAIL" || (reply.outcome.empty() && text("outcome") == "FAIL")) {
    result.error = text("error").empty() ? begin_of(reply.body) : text("error");
    if (result.error.empty()) result.error = call.method + " " + call.host + ": answered FAIL";
    return result;
  }
  result.outcome = Outcome::Success;
  if (reply.body.empty()) return result;
  result.result = Payload{.encoding = json && !error ? Encoding::Json : Encoding::Bytes, .data = reply.body};
  return result;
}

}  // namespace meepo::adapters::http
