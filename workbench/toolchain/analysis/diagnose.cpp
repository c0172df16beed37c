// Describes the problems of a fit's draws.
#include <stan/model/model_header.hpp>

#include <iostream>
#include <stan/analyze/mcmc/split_rank_normalized_ess.hpp>
#include <stan/analyze/mcmc/split_rank_normalized_rhat.hpp>

#include "chains.hpp"

namespace analysis {
namespace {

// Betancourt (2016), arXiv:1604.00695.
constexpr double least_bfmi = 0.3;
// Vehtari et al. (2021), doi:10.1214/20-BA1221.
constexpr double most_rhat = 1.01;
constexpr double least_ess_per_chain = 100;

bool is_method_column(const std::string& name) {
  return name.size() > 2 && name.compare(name.size() - 2, 2, "__") == 0;
}

void report_count(const Chains& chains, const std::string& column,
                  double threshold, const std::string& what,
                  const std::string& advice) {
  const Eigen::MatrixXd* values = chains.column(column);
  if (values == nullptr) return;
  const auto count = (values->array() >= threshold).count();
  std::cout << "Checking for " << what << ": ";
  if (count == 0)
    std::cout << "none found.\n";
  else
    std::cout << count << " of " << values->size() << " transitions. " << advice
              << "\n";
}

double bfmi(const Eigen::VectorXd& energy) {
  const auto size = energy.size();
  const double jumps =
      (energy.tail(size - 1) - energy.head(size - 1)).squaredNorm();
  return jumps / (energy.array() - energy.mean()).square().sum();
}

void report_energy(const Chains& chains) {
  const Eigen::MatrixXd* energy = chains.column("energy__");
  if (energy == nullptr || energy->rows() < 2) return;
  std::cout << "Checking E-BFMI: ";
  bool is_low = false;
  for (Eigen::Index chain = 0; chain < energy->cols(); ++chain) {
    const double found = bfmi(energy->col(chain));
    if (!(found < least_bfmi)) continue;
    is_low = true;
    std::cout << "chain " << chain + 1 << " has " << found << ", below "
              << least_bfmi << ". ";
  }
  std::cout << (is_low ? "Reparameterize the model.\n" : "satisfactory.\n");
}

template <typename Statistic, typename IsBad>
void report_columns(const Chains& chains, const std::string& what,
                    Statistic&& statistic, IsBad&& is_bad) {
  std::cout << "Checking " << what << ": ";
  std::string bad;
  for (std::size_t i = 0; i < chains.names.size(); ++i) {
    if (is_method_column(chains.names[i])) continue;
    const double value = statistic(chains.columns[i]);
    if (is_bad(value))
      bad += "\n  " + stan_name(chains.names[i]) + " (" +
             std::to_string(value) + ")";
  }
  std::cout << (bad.empty() ? "satisfactory." : "not satisfactory:" + bad)
            << "\n";
}

void report(const Chains& chains) {
  report_count(chains, "treedepth__", chains.max_depth,
               "transitions that reached the maximum tree depth",
               "Raise max_depth.");
  report_count(chains, "divergent__", 1, "divergent transitions",
               "Estimates may be biased: raise delta or reparameterize.");
  report_energy(chains);
  const double least_ess =
      least_ess_per_chain * static_cast<double>(chains.columns.empty()
                                                    ? 0
                                                    : chains.columns[0].cols());
  report_columns(
      chains, "effective sample size",
      [](const Eigen::MatrixXd& draws) {
        const auto ess = stan::analyze::split_rank_normalized_ess(draws);
        return std::min(ess.first, ess.second);
      },
      [least_ess](double ess) { return ess < least_ess; });
  report_columns(
      chains, "R-hat",
      [](const Eigen::MatrixXd& draws) {
        const auto rhat = stan::analyze::split_rank_normalized_rhat(draws);
        return std::max(rhat.first, rhat.second);
      },
      [](double rhat) { return rhat > most_rhat; });
}

}  // namespace
}  // namespace analysis

int main(int argc, const char* argv[]) {
  try {
    analysis::report(analysis::read_chains({argv + 1, argv + argc}));
    return 0;
  } catch (const std::exception& reason) {
    std::cerr << "Error: " << reason.what() << std::endl;
    return 1;
  }
}
