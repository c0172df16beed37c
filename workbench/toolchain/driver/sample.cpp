#include "math.hpp"

#include <stan/io/array_var_context.hpp>
#include <stan/services/util/create_unit_e_dense_inv_metric.hpp>
#include <stan/services/util/create_unit_e_diag_inv_metric.hpp>
#include <stdexcept>

#include "methods.hpp"
#include "metric.hpp"
#include "sampling.hpp"

namespace driver {
namespace {

struct Entry {
  const char* metric;
  bool is_adapting;
  Sampler run;
};

constexpr Entry samplers[] = {
    {"diag_e", false, nuts_diag},   {"diag_e", true, nuts_diag_adapt},
    {"dense_e", false, nuts_dense}, {"dense_e", true, nuts_dense_adapt},
    {"unit_e", false, nuts_unit},   {"unit_e", true, nuts_unit_adapt},
};

Sampler find_sampler(const std::string& metric, bool is_adapting) {
  for (const Entry& entry : samplers)
    if (entry.metric == metric && entry.is_adapting == is_adapting)
      return entry.run;
  throw std::logic_error("no sampler for the metric " + metric);
}

const std::string hmc = "method.sample.algorithm.hmc.";

Context unit_metric(const std::string& metric, std::size_t size) {
  using stan::io::array_var_context;
  namespace util = stan::services::util;
  if (metric == "dense_e")
    return std::make_shared<array_var_context>(
        util::create_unit_e_dense_inv_metric(size));
  return std::make_shared<array_var_context>(
      util::create_unit_e_diag_inv_metric(size));
}

std::vector<Context> metrics(const Session& session, int chains) {
  const std::string& metric = session.settings.text(hmc + "metric");
  const std::string& file = session.settings.text(hmc + "metric_file");
  const bool is_fixed = metric == "unit_e";
  if (is_fixed && !file.empty())
    session.console.warn("Warning: metric_file=" + file +
                         " is not used: metric=unit_e is fixed.");
  if (is_fixed || file.empty())
    return std::vector<Context>(
        chains, unit_metric(metric, session.model.num_params_r()));
  return read_metrics(file, chains, session.id);
}

std::vector<JsonWriter> adapted_writers(const Session& session, int chains) {
  if (!session.settings.flag("method.sample.adapt.save_metric"))
    return std::vector<JsonWriter>(chains);
  if (!session.settings.flag("method.sample.adapt.engaged"))
    throw UsageError(
        "save_metric was given \"true\", but without adaptation (adapt "
        "engaged=0) there is no adapted metric to save.");
  const auto paths = chain_paths(
      sibling(session.settings.text("output.file"), "_metric", ".json"), chains,
      session.id);
  std::vector<JsonWriter> writers;
  writers.reserve(paths.size());
  for (const std::string& path : paths)
    writers.push_back(open_json(session, path));
  return writers;
}

Sampling read_sampling(const Session& session) {
  const Settings& settings = session.settings;
  const std::string adapt = "method.sample.adapt.";
  const int chains = settings.integer("method.sample.num_chains");
  return {chains,
          read_inits(session, chains),
          metrics(session, chains),
          settings.integer("method.sample.num_warmup"),
          settings.integer("method.sample.num_samples"),
          settings.integer("method.sample.thin"),
          settings.flag("method.sample.save_warmup"),
          settings.real(hmc + "stepsize"),
          settings.real(hmc + "stepsize_jitter"),
          settings.integer(hmc + "engine.nuts.max_depth"),
          settings.real(adapt + "delta"),
          settings.real(adapt + "gamma"),
          settings.real(adapt + "kappa"),
          settings.real(adapt + "t0"),
          settings.natural(adapt + "init_buffer"),
          settings.natural(adapt + "term_buffer"),
          settings.natural(adapt + "window"),
          std::vector<stan::callbacks::writer>(chains),
          open_outputs(session, chains),
          open_diagnostics(session, chains),
          adapted_writers(session, chains)};
}

Sampler choose_sampler(const Settings& settings) {
  if (settings.text("method.sample.algorithm") == "fixed_param")
    return fixed_param;
  const bool is_adapting = settings.flag("method.sample.adapt.engaged");
  if (is_adapting && settings.integer("method.sample.num_warmup") == 0)
    throw UsageError(
        "num_warmup was given \"0\", but adaptation needs warm-up "
        "iterations: raise num_warmup or switch adaptation off with adapt "
        "engaged=0.");
  return find_sampler(settings.text(hmc + "metric"), is_adapting);
}

}  // namespace

int sample(Session& session) {
  const Sampler run = choose_sampler(session.settings);
  Sampling sampling = read_sampling(session);
  const int code = run(session, sampling);
  require_complete(sampling.draws);
  return code;
}

}  // namespace driver
