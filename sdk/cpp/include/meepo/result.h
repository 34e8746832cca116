#pragma once
// Result and Error of the SDK are Meepo's own. An installed SDK has src/base/result.h itself under this name.

#include "base/result.h"  // IWYU pragma: export
