// Summarises the draws of a fit with Stan's own estimators.
#include <stan/model/model_header.hpp>

#include <fstream>
#include <iostream>
#include <stan/analyze/mcmc/mcse.hpp>
#include <stan/analyze/mcmc/split_rank_normalized_ess.hpp>
#include <stan/analyze/mcmc/split_rank_normalized_rhat.hpp>

#include "../driver/number.hpp"
#include "chains.hpp"

namespace analysis {
namespace {

struct Options {
  std::vector<double> percentiles{5, 50, 95};
  int digits = 6;
  std::string csv;
  std::vector<std::string> files;
};

std::vector<double> read_percentiles(const std::string& text) {
  std::vector<double> percentiles;
  std::istringstream stream(text);
  for (std::string each; std::getline(stream, each, ',');)
    percentiles.push_back(std::stod(each));
  return percentiles;
}

Options read_options(const std::vector<std::string>& tokens) {
  Options options;
  for (const std::string& token : tokens) {
    const auto equals = token.find('=');
    const std::string name = token.substr(0, equals);
    const std::string value =
        equals == std::string::npos ? "" : token.substr(equals + 1);
    if (name == "--percentiles")
      options.percentiles = read_percentiles(value);
    else if (name == "--sig_figs")
      options.digits = std::stoi(value);
    else if (name == "--csv_filename" || name == "--csv_file")
      options.csv = value;
    else if (name.rfind("--", 0) == 0)
      throw std::runtime_error(name +
                               " is not an option; known: --percentiles=..., "
                               "--sig_figs=..., --csv_filename=...");
    else
      options.files.push_back(token);
  }
  return options;
}

double median_deviation(const Eigen::VectorXd& draws) {
  const double median = stan::math::quantile(draws, 0.5);
  const Eigen::VectorXd distances = (draws.array() - median).abs();
  // 1.4826 scales it to the standard deviation of a normal distribution.
  return 1.4826 * stan::math::quantile(distances, 0.5);
}

std::vector<double> summarize(const Eigen::MatrixXd& chains,
                              const std::vector<double>& percentiles) {
  const Eigen::VectorXd draws = chains.reshaped();
  const double mean = draws.mean();
  const double sd = std::sqrt((draws.array() - mean).square().sum() /
                              static_cast<double>(draws.size() - 1));
  std::vector<double> row{mean, stan::analyze::mcse_mean(chains), sd,
                          median_deviation(draws)};
  for (const double percentile : percentiles)
    row.push_back(stan::math::quantile(draws, percentile / 100));
  const auto ess = stan::analyze::split_rank_normalized_ess(chains);
  const auto rhat = stan::analyze::split_rank_normalized_rhat(chains);
  row.insert(row.end(),
             {ess.first, ess.second, std::max(rhat.first, rhat.second)});
  return row;
}

void write_table(const Options& options, const Chains& chains,
                 std::ostream& stream) {
  stream.precision(options.digits);
  stream << "name,Mean,MCSE,StdDev,MAD";
  for (const double percentile : options.percentiles)
    stream << "," << percentile << "%";
  stream << ",ESS_bulk,ESS_tail,R_hat\n";
  for (std::size_t i = 0; i < chains.names.size(); ++i) {
    stream << "\"" << stan_name(chains.names[i]) << "\"";
    for (const double value : summarize(chains.columns[i], options.percentiles))
      stream << "," << value;
    stream << "\n";
  }
}

}  // namespace
}  // namespace analysis

int main(int argc, const char* argv[]) {
  try {
    const auto options = analysis::read_options({argv + 1, argv + argc});
    const auto chains = analysis::read_chains(options.files);
    if (options.csv.empty()) {
      analysis::write_table(options, chains, std::cout);
      return 0;
    }
    std::ofstream stream(options.csv);
    analysis::write_table(options, chains, stream);
    return stream ? 0 : 1;
  } catch (const std::exception& reason) {
    std::cerr << "Error: " << reason.what() << std::endl;
    return 1;
  }
}
