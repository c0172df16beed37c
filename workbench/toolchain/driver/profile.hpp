#pragma once

#include "session.hpp"

namespace driver {

// Writes the times of the program's profile() sections, if it has any.
void write_profile(const Session& session);

}  // namespace driver
