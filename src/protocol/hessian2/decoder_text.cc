// Strings and bytes, whole or in chunks. They stay where they came, in the document's copy of the stream, unless they have to be put
// together.

#include <string>

#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/forms.h"
#include "protocol/hessian2/text.h"

namespace meepo::hessian2 {

const char* Decoder::take_octets(const char* at, std::uint64_t octets, std::string_view& out) {
  if (octets > left(at)) return is_cut(at);
  out = {at, octets};
  return at + octets;
}

const char* Decoder::take_units(const char* at, std::uint64_t units, std::string_view& out) {
  const std::string_view rest(at, left(at));
  if (units <= rest.size() && ascii_octets(rest.substr(0, units)) == units) return take_octets(at, units, out);
  const auto found = find_units(rest, units);
  if (!found) return broken(at, "a string is cut or no UTF-8");
  out = rest.substr(0, found->octets);
  if (!found->is_plain) {
    std::string text;
    append_units(text, out);
    out = document_->keep(text);
  }
  return at + found->octets;
}

const char* Decoder::read_string(const char* at, std::string_view& out) {
  const auto tag = static_cast<std::uint8_t>(*at);
  if (tag == 0x52) return read_chunked_string(at, out);
  std::uint64_t units = tag;
  ++at;
  if (tag == 0x53) {
    at = take_unsigned<std::uint16_t>(at, units);
  } else if (tag >= 0x30) {
    at = take_unsigned<std::uint8_t>(at, units);
    units += (tag - 0x30U) * 0x100U;
  }
  return at == nullptr ? nullptr : take_units(at, units, out);
}

const char* Decoder::read_chunked_string(const char* at, std::string_view& out) {
  std::string joined;
  while (at != end_ && *at == 0x52) {
    std::uint64_t units = 0;
    at = take_unsigned<std::uint16_t>(at + 1, units);
    if (at != nullptr) at = take_units(at, units, out);
    if (at == nullptr) return nullptr;
    joined += out;
  }
  if (form(at) != Form::String) return broken(at, "a string in chunks ends, or goes on with another value");
  at = read_string(at, out);
  if (at != nullptr) out = document_->keep(joined += out);
  return at;
}

const char* Decoder::read_bytes(const char* at, std::string_view& out) {
  std::string joined;
  std::uint64_t octets = 0;
  while (at != end_ && *at == 'A') {
    at = take_unsigned<std::uint16_t>(at + 1, octets);
    if (at != nullptr) at = take_octets(at, octets, out);
    if (at == nullptr) return nullptr;
    joined += out;
  }
  if (form(at) != Form::Bytes) return broken(at, "bytes in chunks end, or go on with another value");
  const auto tag = static_cast<std::uint8_t>(*at++);
  if (tag == 'B') {
    at = take_unsigned<std::uint16_t>(at, octets);
  } else if (tag >= 0x34) {
    at = take_unsigned<std::uint8_t>(at, octets);
    octets += (tag - 0x34U) * 0x100U;
  } else {
    octets = tag - 0x20U;
  }
  if (at != nullptr) at = take_octets(at, octets, out);
  if (at != nullptr && !joined.empty()) out = document_->keep(joined += out);
  return at;
}

}  // namespace meepo::hessian2
