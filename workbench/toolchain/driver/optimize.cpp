#include "math.hpp"

#include "hessian.hpp"  // before Stan's optimizers

#include <stan/services/optimize/bfgs.hpp>
#include <stan/services/optimize/lbfgs.hpp>
#include <stan/services/optimize/newton.hpp>
#include <stdexcept>

#include "methods.hpp"
#include "outputs.hpp"
#include "tolerances.hpp"

namespace driver {
namespace {

using Model = stan::model::model_base;

// The arguments that all optimizers share.
struct Search {
  Context init;
  int iterations;
  bool save_iterations;
  stan::callbacks::writer init_writer;
  CsvWriter path;
};

const std::string algorithm = "method.optimize.algorithm.";

template <bool jacobian>
int lbfgs(Session& session, Search& search) {
  const std::string group = algorithm + "lbfgs.";
  const Tolerances t = read_tolerances(session.settings, group);
  return stan::services::optimize::lbfgs<Model, jacobian>(
      session.written, *search.init, session.seed, session.id,
      session.init_radius, session.settings.integer(group + "history_size"),
      t.init_alpha, t.obj, t.rel_obj, t.grad, t.rel_grad, t.param,
      search.iterations, search.save_iterations, session.refresh,
      session.interrupt, session.console, search.init_writer, search.path);
}

template <bool jacobian>
int bfgs(Session& session, Search& search) {
  const Tolerances t = read_tolerances(session.settings, algorithm + "bfgs.");
  return stan::services::optimize::bfgs<Model, jacobian>(
      session.written, *search.init, session.seed, session.id,
      session.init_radius, t.init_alpha, t.obj, t.rel_obj, t.grad, t.rel_grad,
      t.param, search.iterations, search.save_iterations, session.refresh,
      session.interrupt, session.console, search.init_writer, search.path);
}

template <bool jacobian>
int newton(Session& session, Search& search) {
  return stan::services::optimize::newton<Model, jacobian>(
      session.written, *search.init, session.seed, session.id,
      session.init_radius, search.iterations, search.save_iterations,
      session.interrupt, session.console, search.init_writer, search.path);
}

using Optimizer = int (*)(Session&, Search&);

struct Entry {
  const char* algorithm;
  bool has_jacobian;
  Optimizer run;
};

constexpr Entry optimizers[] = {
    {"lbfgs", false, lbfgs<false>},   {"lbfgs", true, lbfgs<true>},
    {"bfgs", false, bfgs<false>},     {"bfgs", true, bfgs<true>},
    {"newton", false, newton<false>}, {"newton", true, newton<true>},
};

Optimizer find_optimizer(const std::string& name, bool has_jacobian) {
  for (const Entry& entry : optimizers)
    if (entry.algorithm == name && entry.has_jacobian == has_jacobian)
      return entry.run;
  throw std::logic_error("no optimizer " + name);
}

}  // namespace

int optimize(Session& session) {
  const Settings& settings = session.settings;
  const std::string& name = settings.text("method.optimize.algorithm");
  const bool has_jacobian = settings.flag("method.optimize.jacobian");
  Search search{read_inits(session, 1).front(),
                settings.integer("method.optimize.iter"),
                settings.flag("method.optimize.save_iterations"),
                {},
                std::move(open_outputs(session, 1).front())};
  const int code = find_optimizer(name, has_jacobian)(session, search);
  require_complete(search.path);
  return code;
}

}  // namespace driver
