#include "math.hpp"

#include <stan/services/sample/standalone_gqs.hpp>

#include "draws.hpp"
#include "methods.hpp"
#include "outputs.hpp"

namespace driver {
namespace {

Eigen::MatrixXd to_matrix(const std::vector<Row>& rows) {
  Eigen::MatrixXd matrix(rows.size(), rows.front().size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    matrix.row(i) =
        Eigen::Map<const Eigen::RowVectorXd>(rows[i].data(), rows[i].size());
  return matrix;
}

}  // namespace

int generate_quantities(Session& session) {
  const std::string group = "method.generate_quantities.";
  const std::string& file = session.settings.text(group + "fitted_params");
  const int chains = session.settings.integer(group + "num_chains");
  if (file.empty())
    throw UsageError(
        "generate_quantities needs fitted_params=<a CSV file of draws>.");
  std::vector<Eigen::MatrixXd> draws;
  for (const std::string& path :
       chain_paths(split_path(file), chains, session.id))
    draws.push_back(to_matrix(parameter_rows(read_table(path), session.model)));
  std::vector<CsvWriter> outputs = open_outputs(session, chains);
  const int code = stan::services::standalone_generate(
      session.model, chains, draws, session.seed, session.interrupt,
      session.console, outputs);
  require_complete(outputs);
  return code;
}

}  // namespace driver
