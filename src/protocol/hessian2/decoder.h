#pragma once
// Reads the values of one Hessian 2.0 stream: every form that the specification allows, also those that no Java encoder writes. Nothing is
// done with the name of a class: values are data. Memory is taken only for octets that are there, within limits.h.
// Source: Hessian 2.0 serialization protocol; where Java departs from it (double 5F, CESU-8) as Java; vectors/.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocol/hessian2/limits.h"
#include "protocol/hessian2/value.h"

namespace meepo::hessian2 {

/// One stream, whose tables of references, classes and types run through all its values.
class Decoder {
 public:
  /// The octets must stay until the last read(), the document as long as the values.
  Decoder(std::string_view octets, Document& document) : in_(octets), document_(&document) {}

  /// The next value.
  /// Corruption: no value begins here, it is cut, or it refers to what does not exist. Exhausted: it passes a limit. The message names the
  /// offset. After an error every further call answers the same one.
  Result<Value> read();

  [[nodiscard]] bool at_end() const { return at_ == in_.size(); }
  /// How many octets have been read.
  [[nodiscard]] std::size_t offset() const { return at_; }

 private:
  // Each answers whether it could be read; if not, failure_ says why and the decoder is spent.
  bool read_value(Value& out, std::size_t depth);
  bool read_number(std::uint8_t tag, Value& out);
  bool read_wide_number(std::uint8_t tag, Value& out);
  bool read_container(std::uint8_t tag, Value& out, std::size_t depth);
  bool read_list(std::uint8_t tag, Value& out, std::size_t depth);
  bool read_map(std::uint8_t tag, Value& out, std::size_t depth);
  bool read_object(std::uint8_t tag, Value& out, std::size_t depth);
  bool read_reference(Value& out);
  bool read_definition();
  bool read_type(std::string_view& out);
  bool read_name(std::string_view& out);
  bool read_int(std::int64_t& out);
  bool read_count(std::int64_t& out);
  bool read_string(std::uint8_t tag, std::string_view& out);
  bool read_chunked_string(std::string_view& out);
  bool read_bytes(std::uint8_t tag, std::string_view& out);
  bool take_units(std::uint64_t units, std::string_view& out);
  bool take_octets(std::uint64_t octets, std::string_view& out);
  bool take_number(std::size_t octets, std::uint64_t& out);
  bool take_signed(std::size_t octets, std::int64_t& out);
  bool take_tag(std::uint8_t& out);
  bool count_values(std::size_t values);
  [[nodiscard]] std::size_t left() const { return in_.size() - at_; }
  [[nodiscard]] bool is_next(char tag) const { return at_ < in_.size() && in_[at_] == tag; }
  bool broken(const char* why);
  bool too_much(const char* what, std::size_t most);

  std::string_view in_;
  std::size_t at_ = 0;
  Document* document_;
  std::size_t values_ = 0;
  std::vector<Value> references_;
  std::vector<std::string_view> types_;
  std::vector<const ClassDefinition*> definitions_;
  std::vector<Value> parts_;  // of the containers that are being read, innermost last
  std::string joined_;  // chunks of a string or of bytes; text that was not in the form in which it is kept
  const char* failure_ = nullptr;  // what is wrong, or of what there is too much
  std::size_t failure_most_ = 0;  // 0: not a limit
};

/// The only value of a stream. Corruption also if octets follow it.
Result<Value> decode(std::string_view octets, Document& document);

}  // namespace meepo::hessian2
