// Strings and bytes, whole or in chunks. They stay where they came, in the document's copy of the stream, unless they have to be put
// together.

#include <string>

#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/forms.h"
#include "protocol/hessian2/text.h"

namespace meepo::hessian2 {

bool Decoder::take_units(std::uint64_t units, std::string_view& out) {
  if (units <= left() && ascii_octets(rest().substr(0, units)) == units) return take_octets(units, out);
  const auto found = find_units(rest(), units);
  if (!found) return broken("a string is cut or no UTF-8");
  out = rest().substr(0, found->octets);
  at_ += found->octets;
  if (found->is_plain) return true;
  std::string text;
  append_units(text, out);
  out = document_->keep(text);
  return true;
}

bool Decoder::read_string(std::uint8_t tag, std::string_view& out) {
  std::uint64_t units = tag;
  if (tag == 0x52) return read_chunked_string(out);
  if (tag == 0x53) {
    if (!take_unsigned<std::uint16_t>(units)) return false;
  } else if (tag >= 0x30) {
    if (!take_unsigned<std::uint8_t>(units)) return false;
    units += (tag - 0x30U) * 0x100U;
  }
  return take_units(units, out);
}

bool Decoder::read_chunked_string(std::string_view& out) {
  std::string joined;
  std::uint8_t tag = 0x52;
  while (tag == 0x52) {
    std::uint64_t units = 0;
    if (!take_unsigned<std::uint16_t>(units) || !take_units(units, out)) return false;
    joined += out;
    if (!take_tag(tag)) return false;
  }
  if (kForms[tag] != Form::String) return broken("a string in chunks goes on with another value");
  if (!read_string(tag, out)) return false;
  joined += out;
  out = document_->keep(joined);
  return true;
}

bool Decoder::read_bytes(std::uint8_t tag, std::string_view& out) {
  std::string joined;
  std::uint64_t octets = 0;
  while (tag == 'A') {
    if (!take_unsigned<std::uint16_t>(octets) || !take_octets(octets, out)) return false;
    joined += out;
    if (!take_tag(tag)) return false;
  }
  if (kForms[tag] != Form::Bytes) return broken("bytes in chunks go on with another value");
  if (tag == 'B') {
    if (!take_unsigned<std::uint16_t>(octets)) return false;
  } else if (tag >= 0x34) {
    if (!take_unsigned<std::uint8_t>(octets)) return false;
    octets += (tag - 0x34U) * 0x100U;
  } else {
    octets = tag - 0x20U;
  }
  if (!take_octets(octets, out)) return false;
  if (!joined.empty()) out = document_->keep(joined += out);
  return true;
}

}  // namespace meepo::hessian2
