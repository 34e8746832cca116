#pragma once
// The whole SDK.

#include "meepo/client.h"    // IWYU pragma: export
#include "meepo/executor.h"  // IWYU pragma: export
