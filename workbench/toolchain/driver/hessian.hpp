#pragma once

// Stan 2.39's finite-difference Hessian multiplies by the step instead of
// dividing by it, so Newton's steps are a million times too long. This header
// replaces Stan's, so it must be included before any of Stan's optimizers.
#ifdef STAN_MODEL_GRAD_HESS_LOG_PROB_HPP
#error "include hessian.hpp before Stan's optimizers"
#endif
#define STAN_MODEL_GRAD_HESS_LOG_PROB_HPP

#include <array>
#include <ostream>
#include <stan/model/log_prob_grad.hpp>
#include <vector>

namespace stan {
namespace model {

// Computes the log density, its gradient, and its Hessian by fourth-order
// central differences of the gradient; the Hessian is symmetrised, row-major.
template <bool propto, bool jacobian, class Model>
double grad_hess_log_prob(const Model& model, std::vector<double>& params_r,
                          std::vector<int>& params_i,
                          std::vector<double>& gradient,
                          std::vector<double>& hessian,
                          std::ostream* msgs = nullptr) {
  constexpr double step = 1e-3;
  constexpr std::array<double, 4> offsets{-2, -1, 1, 2};
  constexpr std::array<double, 4> weights{1.0 / 12, -2.0 / 3, 2.0 / 3,
                                          -1.0 / 12};
  const std::size_t size = params_r.size();
  hessian.assign(size * size, 0);
  std::vector<double> moved(params_r);
  std::vector<double> slope(size);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k < offsets.size(); ++k) {
      moved[i] = params_r[i] + offsets[k] * step;
      log_prob_grad<propto, jacobian>(model, moved, params_i, slope, msgs);
      for (std::size_t j = 0; j < size; ++j) {
        const double half = 0.5 * weights[k] * slope[j] / step;
        hessian[i * size + j] += half;
        hessian[j * size + i] += half;
      }
    }
    moved[i] = params_r[i];
  }
  return log_prob_grad<propto, jacobian>(model, params_r, params_i, gradient,
                                         msgs);
}

}  // namespace model
}  // namespace stan
