#include "math.hpp"

#include <stan/services/sample/fixed_param.hpp>

#include "sampling.hpp"

namespace driver {

int fixed_param(Session& session, Sampling& s) {
  return stan::services::sample::fixed_param(
      session.written, s.chains, s.inits, session.seed, session.id,
      session.init_radius, s.num_samples, s.thin, session.refresh,
      session.interrupt, session.console, s.init_writers, s.draws,
      s.diagnostics);
}

}  // namespace driver
