#pragma once

#include <stan/model/model_base.hpp>
#include <string>
#include <vector>

namespace driver {

// A model whose output is its unconstrained parameters alone. Transformed and
// generated quantities are computed from them afterwards, in batches: a sampler
// that prints them spends most of its time on printing. Stan's services ask for
// all quantities when they write output; where they ask for the parameters
// alone, they choose initial values, and get those of the model itself.
class UnconstrainedModel final : public stan::model::model_base {
  using Row = std::vector<double>;
  using Var = stan::math::var;
  using Rng = stan::rng_t;
  using Names = std::vector<std::string>;
  using Integers = std::vector<int>;
  using Vars = std::vector<Var>;
  using Vector = Eigen::VectorXd;
  using VarVector = Eigen::Matrix<Var, -1, 1>;
  using Messages = std::ostream*;

 public:
  // The last point that was written is kept in `last`, unless it is null.
  UnconstrainedModel(const stan::model::model_base& inner, Row* last)
      : model_base(inner.num_params_r()), inner_(inner), last_(last) {}

  void constrained_param_names(Names& names, bool tparams,
                               bool gqs) const override {
    if (tparams || gqs)
      inner_.unconstrained_param_names(names, false, false);
    else
      inner_.constrained_param_names(names, false, false);
  }
  void unconstrained_param_names(Names& names, bool, bool) const override {
    inner_.unconstrained_param_names(names, false, false);
  }
  void write_array(Rng& rng, Vector& point, Vector& output, bool tparams,
                   bool gqs, Messages messages) const override {
    if (tparams || gqs)
      output = point;
    else
      inner_.write_array(rng, point, output, false, false, messages);
  }
  void write_array(Rng& rng, Row& point, Integers& none, Row& output,
                   bool tparams, bool gqs, Messages messages) const override {
    if (!tparams && !gqs) {
      inner_.write_array(rng, point, none, output, false, false, messages);
      return;
    }
    output = point;
    if (last_ != nullptr) *last_ = point;
  }

  // Everything else is the model's own.
  std::string model_name() const override { return inner_.model_name(); }
  Names model_compile_info() const override {
    return inner_.model_compile_info();
  }
  void get_param_names(Names& names, bool tparams, bool gqs) const override {
    inner_.get_param_names(names, tparams, gqs);
  }
  void get_dims(std::vector<std::vector<std::size_t>>& sizes, bool tparams,
                bool gqs) const override {
    inner_.get_dims(sizes, tparams, gqs);
  }
  double log_prob(Vector& at, Messages m) const override {
    return inner_.log_prob(at, m);
  }
  Var log_prob(VarVector& at, Messages m) const override {
    return inner_.log_prob(at, m);
  }
  double log_prob_jacobian(Vector& at, Messages m) const override {
    return inner_.log_prob_jacobian(at, m);
  }
  Var log_prob_jacobian(VarVector& at, Messages m) const override {
    return inner_.log_prob_jacobian(at, m);
  }
  double log_prob_propto(Vector& at, Messages m) const override {
    return inner_.log_prob_propto(at, m);
  }
  Var log_prob_propto(VarVector& at, Messages m) const override {
    return inner_.log_prob_propto(at, m);
  }
  double log_prob_propto_jacobian(Vector& at, Messages m) const override {
    return inner_.log_prob_propto_jacobian(at, m);
  }
  Var log_prob_propto_jacobian(VarVector& at, Messages m) const override {
    return inner_.log_prob_propto_jacobian(at, m);
  }
  double log_prob(Row& at, Integers& none, Messages m) const override {
    return inner_.log_prob(at, none, m);
  }
  Var log_prob(Vars& at, Integers& none, Messages m) const override {
    return inner_.log_prob(at, none, m);
  }
  double log_prob_jacobian(Row& at, Integers& none, Messages m) const override {
    return inner_.log_prob_jacobian(at, none, m);
  }
  Var log_prob_jacobian(Vars& at, Integers& none, Messages m) const override {
    return inner_.log_prob_jacobian(at, none, m);
  }
  double log_prob_propto(Row& at, Integers& none, Messages m) const override {
    return inner_.log_prob_propto(at, none, m);
  }
  Var log_prob_propto(Vars& at, Integers& none, Messages m) const override {
    return inner_.log_prob_propto(at, none, m);
  }
  double log_prob_propto_jacobian(Row& at, Integers& none,
                                  Messages m) const override {
    return inner_.log_prob_propto_jacobian(at, none, m);
  }
  Var log_prob_propto_jacobian(Vars& at, Integers& none,
                               Messages m) const override {
    return inner_.log_prob_propto_jacobian(at, none, m);
  }
  void transform_inits(const stan::io::var_context& values, Vector& point,
                       Messages m) const override {
    inner_.transform_inits(values, point, m);
  }
  void transform_inits(const stan::io::var_context& values, Integers& none,
                       Row& point, Messages m) const override {
    inner_.transform_inits(values, none, point, m);
  }
  void unconstrain_array(const Vector& values, Vector& point,
                         Messages m) const override {
    inner_.unconstrain_array(values, point, m);
  }
  void unconstrain_array(const Row& values, Row& point,
                         Messages m) const override {
    inner_.unconstrain_array(values, point, m);
  }

 private:
  const stan::model::model_base& inner_;
  Row* last_;
};

}  // namespace driver
