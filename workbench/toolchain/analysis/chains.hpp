#pragma once

#include <stan/math/prim/fun/Eigen.hpp>
#include <string>
#include <vector>

namespace analysis {

// The draws of several chains: a matrix `(draw, chain)` for each column.
struct Chains {
  std::vector<std::string> names;        // as in the files, e.g. theta.1.2
  std::vector<Eigen::MatrixXd> columns;  // `(draw, chain)`
  int max_depth = 10;

  const Eigen::MatrixXd* column(const std::string& name) const;
};

// Reads the CSV files of a fit, without the warm-up draws.
Chains read_chains(const std::vector<std::string>& paths);

// Returns a name as Stan programs have it: theta[1,2], pair.2[1].
std::string stan_name(const std::string& name);

}  // namespace analysis
