#pragma once

#include <stan/math/prim/fun/Eigen.hpp>
#include <string>
#include <vector>

namespace analysis {

// The sampling draws of several chains: one matrix `(draw, chain)` per column.
struct Chains {
  std::vector<std::string> names;        // as in the files: theta.1.2
  std::vector<Eigen::MatrixXd> columns;  // `(draw, chain)`
  int max_depth = 10;

  const Eigen::MatrixXd* column(const std::string& name) const;
};

// Reads CmdStan's CSV files of one fit; warm-up draws are left out.
Chains read_chains(const std::vector<std::string>& paths);

// A name as one writes it in Stan: theta[1,2], pair.2[1].
std::string stan_name(const std::string& name);

}  // namespace analysis
