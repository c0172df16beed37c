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

// For several chains, Stan 2.39 writes the parameters before the quantities,
// under the names of the quantities. This writer leaves them out.
class QuantitiesWriter final : public stan::callbacks::writer {
 public:
  QuantitiesWriter(CsvWriter& output, std::size_t parameters)
      : output_(output), parameters_(parameters) {}

  using writer::operator();
  void operator()(const std::vector<std::string>& names) override {
    output_(names);
  }
  void operator()(const std::string& comment) override { output_(comment); }
  void operator()(const Eigen::VectorXd& row) override {
    output_(Row(row.begin() + parameters_, row.end()));
  }

 private:
  CsvWriter& output_;
  std::size_t parameters_;
};

int generate(Session& session, const std::vector<Eigen::MatrixXd>& draws,
             std::vector<CsvWriter>& outputs) {
  if (draws.size() == 1)
    return stan::services::standalone_generate(
        session.model, draws[0], session.seed, session.interrupt,
        session.console, outputs[0]);
  std::vector<QuantitiesWriter> writers;
  for (CsvWriter& output : outputs)
    writers.emplace_back(output, draws[0].cols());
  return stan::services::standalone_generate(
      session.model, draws.size(), draws, session.seed, session.interrupt,
      session.console, writers);
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
  const int code = generate(session, draws, outputs);
  require_complete(outputs);
  return code;
}

}  // namespace driver
