#pragma once
// The version of project(meepo VERSION …) in the top CMakeLists.txt.

namespace meepo::cli {

inline constexpr const char* kVersion = MEEPO_VERSION;

}  // namespace meepo::cli
