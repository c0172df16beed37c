#pragma once

#include <sstream>
#include <stan/callbacks/logger.hpp>
#include <stan/model/gradient.hpp>
#include <stan/model/model_base.hpp>

namespace stan::model {

// Stan's own makes a stream at each gradient, to catch what a program prints.
// A stream looks up its locale: for a small program that takes a fifth of the
// time. One stream serves until something is printed.
template <>
inline void gradient<model_base>(const model_base& model,
                                 const Eigen::VectorXd& x, double& f,
                                 Eigen::VectorXd& grad_f,
                                 callbacks::logger& logger) {
  static thread_local std::stringstream printed;
  const auto pass_on = [&logger] {
    if (printed.tellp() <= 0) return;
    logger.info(printed);
    std::stringstream().swap(printed);
  };
  try {
    stan::math::gradient(model_functional<model_base>(model, &printed), x, f,
                         grad_f);
  } catch (const std::exception&) {
    pass_on();
    throw;
  }
  pass_on();
}

}  // namespace stan::model
