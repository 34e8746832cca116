#pragma once
// Random values for property tests: the octets of a script choose what is made, so that a shorter script is a simpler value.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "protocol/hessian2/value.h"

namespace meepo::hessian2 {

class RandomValue {
 public:
  RandomValue(std::span<const std::uint8_t> script, Document& document) : script_(script), document_(&document) {}

  /// Values of every kind, nested, shared, and inside themselves.
  Value make() { return next() % 8 == 0 ? make(0) : make_container(0); }

 private:
  Value make(int depth);
  Value make_container(int depth);
  std::uint64_t number(int octets);
  std::uint8_t next();
  std::string text();
  std::string name() { return std::string(1, static_cast<char>('A' + next() % 4)); }

  std::span<const std::uint8_t> script_;
  Document* document_;
  std::vector<Value> containers_;
};

}  // namespace meepo::hessian2
