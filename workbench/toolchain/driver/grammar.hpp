#pragma once

#include "argument.hpp"

namespace driver {

// Returns every argument there is, each at its default.
Argument grammar();

}  // namespace driver
