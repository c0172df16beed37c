#pragma once

#include "session.hpp"

namespace driver {

// The methods of the command line; each returns an exit code.
int sample(Session& session);
int optimize(Session& session);
int laplace(Session& session);
int pathfinder(Session& session);
int variational(Session& session);
int generate_quantities(Session& session);
int log_prob(Session& session);
int diagnose(Session& session);

}  // namespace driver
