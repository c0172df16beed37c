#include "math.hpp"

#include <stan/services/pathfinder/multi.hpp>
#include <stan/services/pathfinder/single.hpp>

#include "methods.hpp"
#include "outputs.hpp"
#include "tolerances.hpp"

namespace driver {
namespace {

// The arguments and the files of Pathfinder.
struct Paths {
  Tolerances tolerances;
  int history_size;
  int max_iterations;
  int elbo_draws;
  int draws;
  int psis_draws;
  int count;
  bool calculate_lp;
  bool psis_resample;
  bool has_diagnostics;
  std::vector<Context> inits;
  CsvWriter output;
  std::vector<CsvWriter> single_draws;
  std::vector<JsonWriter> single_diagnostics;
};

const std::string group = "method.pathfinder.";

std::vector<JsonWriter> open_jsons(const Session& session,
                                   const std::vector<std::string>& paths) {
  std::vector<JsonWriter> writers;
  writers.reserve(paths.size());
  for (const std::string& path : paths)
    writers.push_back(open_json(session, path));
  return writers;
}

// Returns "x.csv" for a single path, "x_path_1.csv", ... for several.
std::vector<std::string> path_files(const Session& session, SplitPath path,
                                    int count) {
  if (count > 1) path.base += "_path";
  return chain_paths(path, count, session.id);
}

// If a diagnostic file is requested, the results of each path are written too.
bool saves_single_paths(const Session& session) {
  return session.settings.flag(group + "save_single_paths") ||
         !session.settings.text("output.diagnostic_file").empty();
}

std::vector<CsvWriter> open_single_draws(const Session& session, int count) {
  if (count == 1 || !saves_single_paths(session))
    return std::vector<CsvWriter>(count);
  const SplitPath output = output_path(session);
  return open_csvs(session, path_files(session, output, count), session.header);
}

std::vector<JsonWriter> open_single_diagnostics(const Session& session,
                                                int count) {
  if (!saves_single_paths(session)) return std::vector<JsonWriter>(count);
  const std::string& file = session.settings.text("output.diagnostic_file");
  const SplitPath path = file.empty() ? output_path(session) : split_path(file);
  return open_jsons(session, path_files(session, {path.base, ".json"}, count));
}

Paths read_paths(const Session& session) {
  const Settings& settings = session.settings;
  const int count = settings.integer(group + "num_paths");
  return {read_tolerances(settings, group),
          settings.integer(group + "history_size"),
          settings.integer(group + "max_lbfgs_iters"),
          settings.integer(group + "num_elbo_draws"),
          settings.integer(group + "num_draws"),
          settings.integer(group + "num_psis_draws"),
          count,
          settings.flag(group + "calculate_lp"),
          settings.flag(group + "psis_resample"),
          saves_single_paths(session),
          read_inits(session, count),
          std::move(open_outputs(session, 1).front()),
          open_single_draws(session, count),
          open_single_diagnostics(session, count)};
}

int run_single(Session& session, Paths& p) {
  stan::callbacks::writer init_writer;
  const Tolerances& t = p.tolerances;
  return stan::services::pathfinder::pathfinder_lbfgs_single<false>(
      session.written, *p.inits[0], session.seed, session.id, session.init_radius,
      p.history_size, t.init_alpha, t.obj, t.rel_obj, t.grad, t.rel_grad,
      t.param, p.max_iterations, p.elbo_draws, p.draws, p.has_diagnostics,
      session.refresh, session.interrupt, session.console, init_writer,
      p.output, p.single_diagnostics[0], p.calculate_lp);
}

int run_multi(Session& session, Paths& p) {
  std::vector<stan::callbacks::writer> init_writers(p.count);
  JsonWriter no_diagnostics;
  const Tolerances& t = p.tolerances;
  return stan::services::pathfinder::pathfinder_lbfgs_multi(
      session.written, p.inits, session.seed, session.id, session.init_radius,
      p.history_size, t.init_alpha, t.obj, t.rel_obj, t.grad, t.rel_grad,
      t.param, p.max_iterations, p.elbo_draws, p.draws, p.psis_draws, p.count,
      p.has_diagnostics, session.refresh, session.interrupt, session.console,
      init_writers, p.single_draws, p.single_diagnostics, p.output,
      no_diagnostics, p.calculate_lp, p.psis_resample);
}

}  // namespace

int pathfinder(Session& session) {
  Paths paths = read_paths(session);
  if (paths.psis_draws > paths.draws * paths.count)
    session.console.warn(
        "Warning: Number of PSIS draws is larger than the total number of "
        "draws returned by the single Pathfinders. This is likely "
        "unintentional and leads to re-sampling from the same draws.");
  const int code = (paths.count == 1 ? run_single : run_multi)(session, paths);
  require_complete(paths.output);
  return code;
}

}  // namespace driver
