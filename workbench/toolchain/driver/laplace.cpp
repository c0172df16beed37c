#include "math.hpp"

#include <algorithm>
#include <stan/services/optimize/laplace_sample.hpp>
#include <stdexcept>

#include "draws.hpp"
#include "json.hpp"
#include "methods.hpp"
#include "outputs.hpp"

namespace driver {
namespace {

using Model = stan::model::model_base;
using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

Vector to_vector(const Row& row) {
  return Eigen::Map<const Vector>(row.data(), row.size());
}

// If an optimizer saved its iterations, the mode is the last row.
Vector read_mode_csv(const Session& session, const std::string& path) {
  const Table table = read_table(path);
  const auto& said = table.comments;
  const bool is_optimum = std::any_of(
      said.begin(), said.end(), [](const std::string& line) {
        return line.find("method = optimize") != std::string::npos;
      });
  if (!is_optimum)
    throw std::runtime_error("mode was given \"" + path +
                             "\", but that file was not written by optimize.");
  const auto rows = parameter_rows(table, session.model);
  return to_vector(unconstrain(session.model, rows.back()));
}

Vector read_mode_json(const Session& session, const std::string& path) {
  Vector mode(session.model.num_params_r());
  std::ostringstream messages;
  session.model.transform_inits(*read_context(path), mode, &messages);
  return mode;
}

Vector read_mode(const Session& session) {
  const std::string& path = session.settings.text("method.laplace.mode");
  const std::string suffix = split_path(path).suffix;
  if (suffix == ".csv") return read_mode_csv(session, path);
  if (suffix == ".json") return read_mode_json(session, path);
  throw UsageError("mode was given \"" + path +
                   "\", but it takes the name of a .csv file written by "
                   "optimize, or of a .json file of parameter values.");
}

// Returns parameters and transformed parameters at a point on the unconstrained
// scale; NaN if the program rejects the point.
Vector constrain(const Session& session, Vector point, std::size_t size) {
  stan::rng_t rng = stan::services::util::create_rng(session.seed, 0);
  Vector values;
  try {
    session.model.write_array(rng, point, values, true, false);
  } catch (const std::exception&) {
    values = Vector::Constant(size, std::numeric_limits<double>::quiet_NaN());
  }
  return values;
}

// Returns the derivatives of the constrained values, by central differences.
Matrix constrain_jacobian(const Session& session, const Vector& mode,
                          std::size_t size) {
  // The cube root of the machine precision balances truncation and rounding.
  const double relative = std::cbrt(std::numeric_limits<double>::epsilon());
  Matrix derivatives(size, mode.size());
  for (Eigen::Index i = 0; i < mode.size(); ++i) {
    const double step = relative * std::max(1.0, std::abs(mode(i)));
    Vector above = mode;
    Vector below = mode;
    above(i) += step;
    below(i) -= step;
    derivatives.col(i) =
        (constrain(session, above, size) - constrain(session, below, size)) /
        (above(i) - below(i));
  }
  return derivatives;
}

void write_curvature(const Session& session, const Vector& mode, double lp,
                     const Vector& gradient, const Matrix& hessian) {
  std::vector<std::string> unconstrained_names;
  std::vector<std::string> names;
  session.model.unconstrained_param_names(unconstrained_names, false, false);
  session.model.constrained_param_names(names, true, false);
  const auto path =
      sibling(session.settings.text("output.file"), "_hessian", ".json");
  const auto stream = open_output(path.base + path.suffix, 17);
  JsonObject object(*stream);
  object.member("jacobian", session.settings.flag("method.laplace.jacobian"));
  object.member("lp", lp);
  object.member("unconstrained_names", unconstrained_names);
  object.member("unconstrained", mode);
  object.member("gradient", gradient);
  object.member("hessian", hessian);
  object.member("names", names);
  object.member("values", constrain(session, mode, names.size()));
  object.member("constrain_jacobian",
                constrain_jacobian(session, mode, names.size()));
}

// Opens Stan's own record of the curvature, if a diagnostic file is requested.
JsonWriter open_diagnostic_json(const Session& session) {
  const std::string& file = session.settings.text("output.diagnostic_file");
  return file.empty() ? JsonWriter()
                      : open_json(session, split_path(file).base + ".json");
}

bool is_negative_definite(const Matrix& hessian) {
  const Matrix negated = -hessian;
  return hessian.allFinite() && negated.llt().info() == Eigen::Success;
}

// Writes the curvature at the mode beside the draws, then stops the method if
// there is no normal approximation: Stan itself would return noise.
class CurvatureWriter final : public stan::callbacks::structured_writer {
 public:
  CurvatureWriter(const Session& session, Vector mode)
      : session_(session),
        mode_(std::move(mode)),
        diagnostics_(open_diagnostic_json(session)) {}

  using structured_writer::write;
  void begin_record() override { diagnostics_.begin_record(); }
  void write(const std::string& key, double lp) override {
    lp_ = lp;
    diagnostics_.write(key, lp);
  }
  void write(const std::string& key, const Vector& gradient) override {
    gradient_ = gradient;
    diagnostics_.write(key, gradient);
  }
  void write(const std::string& key, const Matrix& hessian) override {
    hessian_ = hessian;
    diagnostics_.write(key, hessian);
  }
  void end_record() override {
    diagnostics_.end_record();
    write_curvature(session_, mode_, lp_, gradient_, hessian_);
    if (!is_negative_definite(hessian_))
      throw std::domain_error(
          "Error: the Hessian at the mode is not negative definite, so there "
          "is no normal approximation there: the point is not a maximum, or "
          "the parameters are not identified.");
  }

 private:
  const Session& session_;
  Vector mode_;
  JsonWriter diagnostics_;
  double lp_ = 0;
  Vector gradient_;
  Matrix hessian_;
};

template <bool jacobian>
int run(Session& session, const Vector& mode, CsvWriter& draws) {
  CurvatureWriter curvature(session, mode);
  return stan::services::laplace_sample<jacobian>(
      session.written, mode, session.settings.integer("method.laplace.draws"),
      session.settings.flag("method.laplace.calculate_lp"), session.seed,
      session.refresh, session.interrupt, session.console, draws, curvature);
}

}  // namespace

int laplace(Session& session) {
  const Vector mode = read_mode(session);
  std::vector<CsvWriter> draws = open_outputs(session, 1);
  const bool jacobian = session.settings.flag("method.laplace.jacobian");
  const int code = (jacobian ? run<true> : run<false>)(session, mode, draws[0]);
  require_complete(draws);
  return code;
}

}  // namespace driver
