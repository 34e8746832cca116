#include "protocol/dubbo/response.h"

#include <fmt/format.h>

#include <utility>

#include "protocol/dubbo/exception.h"
#include "protocol/dubbo/kept_text.h"
#include "protocol/dubbo/request.h"
#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/encoder.h"

namespace meepo::dubbo {
namespace {

using hessian2::Kind;
using hessian2::Value;

// The flag before the value; with attachments it is three more.
constexpr std::int32_t kException = 0;
constexpr std::int32_t kValue = 1;
constexpr std::int32_t kNull = 2;
constexpr std::int32_t kWithAttachments = 3;

Result<std::int32_t> read_flag(hessian2::Decoder& decoder) {
  const auto flag = decoder.read();
  if (!flag) return fail(Error(flag.error()).prefixed("read the flag of a response"));
  if (flag->kind() != Kind::Int || flag->number() < kException || flag->number() > kNull + kWithAttachments) {
    return fail(Code::Corruption, "read the flag of a response: expected 0 to 5");
  }
  return static_cast<std::int32_t>(flag->number());
}

}  // namespace

Result<Response> decode_response(std::string_view body) {
  Response response{.document = std::make_shared<hessian2::Document>()};
  hessian2::Decoder decoder(body, *response.document);
  const auto flag = read_flag(decoder);
  if (!flag) return fail(flag.error());
  const auto kind = *flag % kWithAttachments;
  response.thrown = kind == kException;
  if (kind != kNull) {
    const auto value = decoder.read();
    if (!value) return fail(Error(value.error()).prefixed("read the value of a response"));
    response.value = *value;
  }
  if (response.thrown) {
    if (const auto exception = exception_of(response.value); !exception) return fail(exception.error());
  }
  if (*flag >= kWithAttachments) {
    auto attachments = read_attachments(decoder);
    if (!attachments) return fail(attachments.error());
    response.attachments = *std::move(attachments);
  }
  return response;
}

std::string decode_text(std::string_view body) {
  hessian2::Document document;
  hessian2::Decoder decoder(body, document);
  const auto text = decoder.read();
  if (!text || text->kind() != Kind::String) return "(the peer sent no readable text)";
  return kept_text(text->text(), kStatusTextBytesKept);
}

std::string encode_text(std::string_view text) {
  hessian2::Document document;
  hessian2::Encoder encoder(kBodyBytesMax);
  const auto written = encoder.write(document.string(hessian_text(text, kStatusTextBytesKept)));
  return written ? encoder.take() : "N";
}

Result<std::string> encode_response(const Answer& answer, const ResponseForm& form) {
  hessian2::Document document;
  Value value;
  std::int32_t flag = kNull;
  if (const auto* const thrown = std::get_if<Thrown>(&answer)) {
    flag = kException;
    value = form.generic ? generic_exception(thrown->class_name, thrown->message, document)
                         : throwable(thrown->class_name, thrown->message, document);
  } else if (const auto* const returned = std::get_if<Returned>(&answer); returned != nullptr && !returned->value.is_null()) {
    flag = kValue;
    value = returned->value;
  }
  std::vector<Value> values = {document.integer(flag + (form.attachments ? kWithAttachments : 0))};
  if (flag != kNull) values.push_back(value);
  if (form.attachments) values.push_back(map_of({{{"dubbo", document.string(kProtocolVersion)}}}, document));
  hessian2::Encoder encoder(kBodyBytesMax);
  for (const auto& each : values) {
    if (const auto written = encoder.write(each); !written) return fail(Error(written.error()).prefixed("write a response"));
  }
  return encoder.take();
}

}  // namespace meepo::dubbo
