// The command line as a table: names, kinds, ranges and defaults of CmdStan's
// arguments, in the order of the headers of output files.
#include "grammar.hpp"

#include "number.hpp"

namespace driver {
namespace {

using Arguments = std::vector<Argument>;

const double infinity = std::numeric_limits<double>::infinity();
const Range any{};
const Range non_negative{0, infinity, false};
const Range positive{0, infinity, true};
const Range at_least_one{1, infinity, false};
const Range probability{0, 1, true};

Argument leaf(std::string name, Kind kind, Range range, Value fallback) {
  return {std::move(name), kind, range, fallback, fallback, {}};
}

Argument group(std::string name, Arguments children) {
  return {std::move(name), Kind::group, any, {}, {}, std::move(children)};
}

Argument word(std::string name) { return group(std::move(name), {}); }

Argument choice(std::string name, std::string fallback, Arguments children) {
  Argument made = leaf(std::move(name), Kind::choice, any, {fallback, 0});
  made.children = std::move(children);
  return made;
}

// A choice among words, which have no line of their own in a header.
Argument words(std::string name, std::string fallback,
               const std::vector<std::string>& accepted) {
  Arguments children;
  for (const std::string& each : accepted)
    children.push_back(leaf(each, Kind::word, any, {}));
  return choice(std::move(name), std::move(fallback), std::move(children));
}

Argument integer(std::string name, double fallback, Range range) {
  return leaf(std::move(name), Kind::integer, range, integer_value(fallback));
}

Argument real(std::string name, double fallback, Range range) {
  return leaf(std::move(name), Kind::real, range, real_value(fallback));
}

Argument flag(std::string name, bool fallback) {
  return leaf(std::move(name), Kind::flag, any, flag_value(fallback));
}

Argument text(std::string name, std::string fallback) {
  return leaf(std::move(name), Kind::text, any, {std::move(fallback), 0});
}

Arguments operator+(Arguments left, Arguments right) {
  for (Argument& each : right) left.push_back(std::move(each));
  return left;
}

Arguments bfgs_tolerances() {
  return {real("init_alpha", 0.001, positive),
          real("tol_obj", 1e-12, non_negative),
          real("tol_rel_obj", 1e4, non_negative),
          real("tol_grad", 1e-8, non_negative),
          real("tol_rel_grad", 1e7, non_negative),
          real("tol_param", 1e-8, non_negative)};
}

Arguments lbfgs_tolerances() {
  return bfgs_tolerances() +
         Arguments{integer("history_size", 5, at_least_one)};
}

Argument hmc() {
  return group(
      "hmc", {choice("engine", "nuts",
                     {group("nuts", {integer("max_depth", 10, at_least_one)})}),
              words("metric", "diag_e", {"unit_e", "diag_e", "dense_e"}),
              text("metric_file", ""), real("stepsize", 1, positive),
              real("stepsize_jitter", 0, {0, 1, false})});
}

Argument sample() {
  Argument adapt =
      group("adapt",
            {flag("engaged", true), real("gamma", 0.05, positive),
             real("delta", 0.8, probability), real("kappa", 0.75, positive),
             real("t0", 10, positive), integer("init_buffer", 75, non_negative),
             integer("term_buffer", 50, non_negative),
             integer("window", 25, non_negative), flag("save_metric", false)});
  return group(
      "sample",
      {integer("num_samples", 1000, non_negative),
       integer("num_warmup", 1000, non_negative), flag("save_warmup", false),
       integer("thin", 1, at_least_one), std::move(adapt),
       choice("algorithm", "hmc",
              {hmc(), leaf("fixed_param", Kind::word, any, {})}),
       integer("num_chains", 1, at_least_one)});
}

Argument optimize() {
  return group("optimize",
               {choice("algorithm", "lbfgs",
                       {group("bfgs", bfgs_tolerances()),
                        group("lbfgs", lbfgs_tolerances()), word("newton")}),
                flag("jacobian", false), integer("iter", 2000, at_least_one),
                flag("save_iterations", false)});
}

Argument laplace() {
  return group("laplace", {text("mode", ""), flag("jacobian", true),
                           integer("draws", 1000, at_least_one),
                           flag("calculate_lp", true)});
}

Argument pathfinder() {
  return group(
      "pathfinder",
      lbfgs_tolerances() +
          Arguments{integer("num_psis_draws", 1000, at_least_one),
                    integer("num_paths", 4, at_least_one),
                    flag("save_single_paths", false),
                    flag("psis_resample", true), flag("calculate_lp", true),
                    integer("max_lbfgs_iters", 1000, at_least_one),
                    integer("num_draws", 1000, at_least_one),
                    integer("num_elbo_draws", 25, at_least_one)});
}

Argument variational() {
  return group(
      "variational",
      {choice("algorithm", "meanfield", {word("meanfield"), word("fullrank")}),
       integer("iter", 10000, at_least_one),
       integer("grad_samples", 1, at_least_one),
       integer("elbo_samples", 100, at_least_one), real("eta", 1, positive),
       group("adapt",
             {flag("engaged", true), integer("iter", 50, at_least_one)}),
       real("tol_rel_obj", 0.01, positive),
       integer("eval_elbo", 100, at_least_one),
       integer("output_samples", 1000, non_negative)});
}

Argument diagnose() {
  return group("diagnose",
               {choice("test", "gradient",
                       {group("gradient", {real("epsilon", 1e-6, positive),
                                           real("error", 1e-6, positive)})})});
}

Argument output() {
  return group("output",
               {text("file", "output.csv"), text("diagnostic_file", ""),
                integer("refresh", 100, non_negative),
                integer("sig_figs", 8, {1, 18, false}),
                text("profile_file", "profile.csv"),
                flag("save_cmdstan_config", false)});
}

}  // namespace

Argument grammar() {
  Argument method = choice(
      "method", "sample",
      {sample(), optimize(), variational(), diagnose(),
       group("generate_quantities", {text("fitted_params", ""),
                                     integer("num_chains", 1, at_least_one)}),
       pathfinder(),
       group("log_prob",
             {text("unconstrained_params", ""), text("constrained_params", ""),
              flag("jacobian", true)}),
       laplace()});
  // Seeds have 32 bits; -1 stands for a seed from the clock.
  return group(
      "", {std::move(method), integer("id", 1, non_negative),
           group("data", {text("file", "")}), text("init", "2"),
           group("random", {integer("seed", -1, {-1, 4294967295.0, false})}),
           output(), integer("num_threads", 1, {-1, infinity, false})});
}

}  // namespace driver
