#include "protocol/hessian2/random_value.h"

#include <bit>

#include "protocol/hessian2/text.h"

namespace meepo::hessian2 {

std::uint8_t RandomValue::next() {
  if (script_.empty()) return 0;
  const auto octet = script_.front();
  script_ = script_.subspan(1);
  return octet;
}

std::uint64_t RandomValue::number(int octets) {
  std::uint64_t number = 0;
  for (int i = 0; i < octets; ++i) number = number << 8U | next();
  return number;
}

std::string RandomValue::text() {
  // One unit of each length, half a pair, a pair.
  static const std::string kUnits[] = {"a", "é", "中", "\xED\xA0\xBD", "\xED\xA0\xBD\xED\xB8\x80", std::string(1, '\0')};
  std::string text;
  const auto& unit = kUnits[next() % std::size(kUnits)];
  // Beyond the lengths at which the form changes.
  for (auto count = next() % 4 == 0 ? number(2) % 70'000 : next() % 40; count > 0; --count) text += unit;
  return text;
}

Value RandomValue::make(int depth) {
  constexpr int kDepthMost = 12;
  switch (next() % 18) {
    case 0: return {};
    case 1: return Document::boolean(next() % 2 == 0);
    case 2: return Document::integer(static_cast<std::int8_t>(next()));
    case 3: return Document::integer(static_cast<std::int32_t>(number(4)) >> (next() % 32));
    case 4: return Document::long_integer(static_cast<std::int8_t>(next()));
    case 5: return Document::long_integer(static_cast<std::int64_t>(number(8)) >> (next() % 64));
    case 6: return Document::real(std::bit_cast<double>(number(8)));
    case 7: return Document::real(0.001 * static_cast<double>(static_cast<std::int32_t>(number(4))));
    case 8: return Document::date(static_cast<std::int64_t>(number(8)) >> (next() % 64));
    case 9: return document_->string(text());
    case 10: return document_->bytes(text());
    case 11:
    case 12:
    case 13: return containers_.empty() ? Value() : containers_[next() % containers_.size()];
    default: return depth == kDepthMost ? Value() : make_container(depth);
  }
}

/// The parts come after the container, so that they can be the container itself or one around it.
Value RandomValue::make_container(int depth) {
  const std::size_t count = next() % 12;
  const auto type = next() % 2 == 0 ? std::string() : "t." + name();
  Value container;
  switch (next() % 3) {
    case 0: container = document_->list(type, std::vector<Value>(count)); break;
    case 1: {
      std::vector<Entry> entries;
      for (std::size_t i = 0; i < count; ++i) entries.emplace_back(make(depth + 1), Value());
      container = document_->map(type, entries);
      break;
    }
    default: {
      std::vector<std::string> names;
      for (std::size_t i = 0; i < count; ++i) names.push_back(name());
      std::vector<Field> fields;
      for (const auto& each : names) fields.emplace_back(each, Value());
      container = document_->object("c." + name(), fields);
    }
  }
  containers_.push_back(container);
  for (std::size_t i = 0; i < count; ++i) Document::replace(container, i, make(depth + 1));
  return container;
}

}  // namespace meepo::hessian2
