#pragma once
// What one stream may hold. Each limit is checked before memory is taken, by the decoder and the encoder alike, so that what is
// read can be written again.

#include <cstddef>

namespace meepo::hessian2 {

inline constexpr std::size_t kStreamBytesMax = 8UL << 20U;      ///< octets of one stream: the payload limit of Dubbo
inline constexpr std::size_t kDepthMax = 1'000;  ///< containers inside one another; Java's decoder dies between 1,000 and 5,000
inline constexpr std::size_t kValuesMax = 1'000'000;  ///< values and names of fields in one stream: 16 octets of memory each
inline constexpr std::size_t kContainersMax = 500'000;  ///< lists, maps and objects in one stream: 40 octets of memory each, more
inline constexpr std::size_t kDefinitionsMax = 4'096;  ///< classes in one stream; a Java service has tens
inline constexpr std::size_t kTypesMax = 65'536;  ///< names of types of lists and maps in one stream
inline constexpr std::size_t kJsonBytesMax = 256UL << 10U;  ///< JSON that is written for people; more is cut, with a mark
inline constexpr std::size_t kJsonInputBytesMax = 1UL << 20U;  ///< JSON that is read: what a task may carry
inline constexpr std::size_t kJsonDepthMax = 64;  ///< arrays and objects inside one another in JSON that is read
inline constexpr std::size_t kBigDigitsMax = 4'096;  ///< decimal digits of a BigInteger in JSON: conversion takes their square

}  // namespace meepo::hessian2
