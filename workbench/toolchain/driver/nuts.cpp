#include "math.hpp"

#include <stan/services/sample/hmc_nuts_dense_e.hpp>
#include <stan/services/sample/hmc_nuts_dense_e_adapt.hpp>
#include <stan/services/sample/hmc_nuts_diag_e.hpp>
#include <stan/services/sample/hmc_nuts_diag_e_adapt.hpp>
#include <stan/services/sample/hmc_nuts_unit_e.hpp>
#include <stan/services/sample/hmc_nuts_unit_e_adapt.hpp>

#include "sampling.hpp"

namespace driver {

using namespace stan::services::sample;

namespace {

// Runs a service that takes a metric for each chain and does not adapt.
template <typename Service>
int run(Service service, Session& session, Sampling& s) {
  return service(session.written, s.chains, s.inits, s.metrics, session.seed,
                 session.id, session.init_radius, s.num_warmup, s.num_samples,
                 s.thin, s.save_warmup, session.refresh, s.stepsize,
                 s.stepsize_jitter, s.max_depth, session.interrupt,
                 session.console, s.init_writers, s.draws, s.diagnostics);
}

// Runs a service that takes a metric for each chain and adapts it.
template <typename Service>
int run_adapting(Service service, Session& session, Sampling& s) {
  return service(session.written, s.chains, s.inits, s.metrics, session.seed,
                 session.id, session.init_radius, s.num_warmup, s.num_samples,
                 s.thin, s.save_warmup, session.refresh, s.stepsize,
                 s.stepsize_jitter, s.max_depth, s.delta, s.gamma, s.kappa,
                 s.t0, s.init_buffer, s.term_buffer, s.window,
                 session.interrupt, session.console, s.init_writers, s.draws,
                 s.diagnostics, s.adapted);
}

}  // namespace

int nuts_diag(Session& session, Sampling& s) {
  return run([](auto&... all) { return hmc_nuts_diag_e(all...); }, session, s);
}

int nuts_diag_adapt(Session& session, Sampling& s) {
  return run_adapting(
      [](auto&... all) { return hmc_nuts_diag_e_adapt(all...); }, session, s);
}

int nuts_dense(Session& session, Sampling& s) {
  return run([](auto&... all) { return hmc_nuts_dense_e(all...); }, session, s);
}

int nuts_dense_adapt(Session& session, Sampling& s) {
  return run_adapting(
      [](auto&... all) { return hmc_nuts_dense_e_adapt(all...); }, session, s);
}

int nuts_unit(Session& session, Sampling& s) {
  return hmc_nuts_unit_e(session.written, s.chains, s.inits, session.seed,
                         session.id, session.init_radius, s.num_warmup,
                         s.num_samples, s.thin, s.save_warmup, session.refresh,
                         s.stepsize, s.stepsize_jitter, s.max_depth,
                         session.interrupt, session.console, s.init_writers,
                         s.draws, s.diagnostics);
}

int nuts_unit_adapt(Session& session, Sampling& s) {
  return hmc_nuts_unit_e_adapt(
      session.written, s.chains, s.inits, session.seed, session.id,
      session.init_radius, s.num_warmup, s.num_samples, s.thin, s.save_warmup,
      session.refresh, s.stepsize, s.stepsize_jitter, s.max_depth, s.delta,
      s.gamma, s.kappa, s.t0, session.interrupt, session.console,
      s.init_writers, s.draws, s.diagnostics, s.adapted);
}

}  // namespace driver
