#include "math.hpp"

#include <stan/services/diagnose/diagnose.hpp>
#include <stan/services/error_codes.hpp>

#include "methods.hpp"
#include "outputs.hpp"

namespace driver {

int diagnose(Session& session) {
  const std::string group = "method.diagnose.test.gradient.";
  const Context init = read_inits(session, 1).front();
  std::vector<CsvWriter> output = open_outputs(session, 1);
  stan::callbacks::writer init_writer;
  const int failures = stan::services::diagnose::diagnose(
      session.model, *init, session.seed, session.id, session.init_radius,
      session.settings.real(group + "epsilon"),
      session.settings.real(group + "error"), session.interrupt,
      session.console, init_writer, output[0]);
  require_complete(output);
  if (failures == 0) return stan::services::error_codes::OK;
  session.console.error(
      "Error: the gradient differs from finite differences "
      "in " +
      std::to_string(failures) + " parameter(s).");
  return stan::services::error_codes::SOFTWARE;
}

}  // namespace driver
