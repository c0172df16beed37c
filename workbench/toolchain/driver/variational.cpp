#include "math.hpp"

#include <stan/services/experimental/advi/fullrank.hpp>
#include <stan/services/experimental/advi/meanfield.hpp>

#include "methods.hpp"
#include "outputs.hpp"

namespace driver {
namespace {

using Model = stan::model::model_base;
using Service = int (*)(Model&, const stan::io::var_context&, unsigned int,
                        unsigned int, double, int, int, int, double, double,
                        bool, int, int, int, stan::callbacks::interrupt&,
                        stan::callbacks::logger&, stan::callbacks::writer&,
                        stan::callbacks::writer&, stan::callbacks::writer&);

// Passes everything on, and adds the step size after the line of names. Stan
// does not write it without adaptation, but readers expect it.
class StepsizeNote final : public stan::callbacks::writer {
 public:
  StepsizeNote(CsvWriter& output, std::string eta)
      : output_(output), eta_(std::move(eta)) {}

  using writer::operator();
  void operator()(const std::vector<std::string>& names) override {
    output_(names);
    output_("Stepsize adaptation complete.");
    output_("eta = " + eta_);
  }
  void operator()(const std::vector<double>& row) override { output_(row); }
  void operator()(const std::string& comment) override { output_(comment); }
  void operator()() override { output_(); }

 private:
  CsvWriter& output_;
  std::string eta_;
};

int run(Session& session, Service service, stan::callbacks::writer& output) {
  const std::string group = "method.variational.";
  const Settings& settings = session.settings;
  const Context init = read_inits(session, 1).front();
  std::vector<CsvWriter> diagnostics = open_diagnostics(session, 1);
  stan::callbacks::writer init_writer;
  return service(
      session.model, *init, session.seed, session.id, session.init_radius,
      settings.integer(group + "grad_samples"),
      settings.integer(group + "elbo_samples"),
      settings.integer(group + "iter"), settings.real(group + "tol_rel_obj"),
      settings.real(group + "eta"), settings.flag(group + "adapt.engaged"),
      settings.integer(group + "adapt.iter"),
      settings.integer(group + "eval_elbo"),
      settings.integer(group + "output_samples"), session.interrupt,
      session.console, init_writer, output, diagnostics[0]);
}

}  // namespace

int variational(Session& session) {
  namespace advi = stan::services::experimental::advi;
  const Settings& settings = session.settings;
  const bool is_meanfield =
      settings.text("method.variational.algorithm") == "meanfield";
  const Service service =
      is_meanfield ? advi::meanfield<Model> : advi::fullrank<Model>;
  std::vector<CsvWriter> output = open_outputs(session, 1);
  StepsizeNote note(output[0], settings.text("method.variational.eta"));
  const bool is_adapting = settings.flag("method.variational.adapt.engaged");
  const int code = is_adapting ? run(session, service, output[0])
                               : run(session, service, note);
  require_complete(output);
  return code;
}

}  // namespace driver
