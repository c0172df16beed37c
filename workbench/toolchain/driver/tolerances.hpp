#pragma once

#include <string>

#include "settings.hpp"

namespace driver {

// When BFGS and L-BFGS stop, and the size of their first step.
struct Tolerances {
  double init_alpha;
  double obj;
  double rel_obj;
  double grad;
  double rel_grad;
  double param;
};

inline Tolerances read_tolerances(const Settings& settings,
                                  const std::string& group) {
  return {settings.real(group + "init_alpha"),
          settings.real(group + "tol_obj"),
          settings.real(group + "tol_rel_obj"),
          settings.real(group + "tol_grad"),
          settings.real(group + "tol_rel_grad"),
          settings.real(group + "tol_param")};
}

}  // namespace driver
