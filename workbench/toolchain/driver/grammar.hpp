#pragma once

#include "argument.hpp"

namespace driver {

// Returns all arguments, with their defaults.
Argument grammar();

}  // namespace driver
