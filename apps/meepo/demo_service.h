#pragma once
// meepo.demo.Echo, the service that `meepo dev` and `meepo executor` serve:
//   echo   answers its argument: one parameter → that value, several → the array, none → null; digits as they came
//   fail   always fails, with its argument as the message
//   sleep  waits so many milliseconds, reporting its progress; stops when it is cancelled

#include <meepo/executor.h>

#include <string>
#include <string_view>
#include <vector>

namespace meepo::cli {

inline constexpr const char* kDemoInterface = "meepo.demo.Echo";

void add_demo_service(Executor& executor);

/// The elements of a JSON array as the texts they are written in. `array` is valid JSON; what is no array is one element.
std::vector<std::string_view> elements_of(std::string_view array);

}  // namespace meepo::cli
