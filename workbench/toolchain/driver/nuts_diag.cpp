#include "math.hpp"

#include <stan/services/sample/hmc_nuts_diag_e.hpp>
#include <stan/services/sample/hmc_nuts_diag_e_adapt.hpp>

#include "sampling.hpp"

namespace driver {

int nuts_diag(Session& session, Sampling& s) {
  return stan::services::sample::hmc_nuts_diag_e(
      session.model, s.chains, s.inits, s.metrics, session.seed, session.id,
      session.init_radius, s.num_warmup, s.num_samples, s.thin, s.save_warmup,
      session.refresh, s.stepsize, s.stepsize_jitter, s.max_depth,
      session.interrupt, session.console, s.init_writers, s.draws,
      s.diagnostics);
}

int nuts_diag_adapt(Session& session, Sampling& s) {
  return stan::services::sample::hmc_nuts_diag_e_adapt(
      session.model, s.chains, s.inits, s.metrics, session.seed, session.id,
      session.init_radius, s.num_warmup, s.num_samples, s.thin, s.save_warmup,
      session.refresh, s.stepsize, s.stepsize_jitter, s.max_depth, s.delta,
      s.gamma, s.kappa, s.t0, s.init_buffer, s.term_buffer, s.window,
      session.interrupt, session.console, s.init_writers, s.draws,
      s.diagnostics, s.adapted);
}

}  // namespace driver
