#include "math.hpp"

#include <stan/model/log_prob_grad.hpp>

#include "draws.hpp"
#include "methods.hpp"
#include "outputs.hpp"

namespace driver {
namespace {

const std::string group = "method.log_prob.";

// Reads `params_r` from a JSON file: one point, or a list of points, which
// Stan's reader returns by columns.
std::vector<Row> read_unconstrained(const Session& session,
                                    const std::string& path) {
  const Context context = read_context(path);
  const std::vector<double> values = context->vals_r("params_r");
  const std::vector<std::size_t> sizes = context->dims_r("params_r");
  const std::size_t width = session.model.num_params_r();
  if (values.empty() || sizes.empty() || sizes.back() != width)
    throw std::runtime_error("\"" + path + "\" should hold \"params_r\" with " +
                             std::to_string(width) +
                             " unconstrained parameters per point.");
  const std::size_t count = values.size() / width;
  std::vector<Row> points(count, Row(width));
  for (std::size_t i = 0; i < values.size(); ++i)
    points[i % count][i / count] = values[i];
  return points;
}

std::vector<Row> read_constrained(const Session& session,
                                  const std::string& path) {
  std::vector<Row> points;
  if (split_path(path).suffix == ".csv") {
    for (const Row& row : parameter_rows(read_table(path), session.model))
      points.push_back(unconstrain(session.model, row));
    return points;
  }
  points.emplace_back();
  std::vector<int> no_integers;
  std::ostringstream messages;
  session.model.transform_inits(*read_context(path), no_integers, points[0],
                                &messages);
  return points;
}

std::vector<Row> read_points(const Session& session) {
  const std::string& unconstrained =
      session.settings.text(group + "unconstrained_params");
  const std::string& constrained =
      session.settings.text(group + "constrained_params");
  if (unconstrained.empty() == constrained.empty())
    throw UsageError(
        "log_prob needs one of unconstrained_params=<file> and "
        "constrained_params=<file>.");
  return constrained.empty() ? read_unconstrained(session, unconstrained)
                             : read_constrained(session, constrained);
}

template <bool jacobian>
double log_density(const Session& session, Row& point, Row& gradient) {
  std::vector<int> no_integers;
  return stan::model::log_prob_grad<true, jacobian>(
      session.model, point, no_integers, gradient, &std::cout);
}

}  // namespace

int log_prob(Session& session) {
  const auto density = session.settings.flag(group + "jacobian")
                           ? log_density<true>
                           : log_density<false>;
  std::vector<Row> points = read_points(session);
  std::vector<std::string> names;
  session.model.unconstrained_param_names(names, false, false);
  std::vector<std::string> columns{"lp__"};
  for (const std::string& name : names) columns.push_back("g_" + name);
  std::vector<CsvWriter> output = open_outputs(session, 1);
  output[0](columns);
  for (Row& point : points) {
    Row row;
    const double lp = density(session, point, row);
    row.insert(row.begin(), lp);
    output[0](row);
  }
  require_complete(output);
  return 0;
}

}  // namespace driver
