#include "math.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <stan/math/prim/core/init_threadpool_tbb.hpp>
#include <stan/services/error_codes.hpp>
#include <stan/version.hpp>

#include "loaded_model.hpp"
#include "methods.hpp"
#include "number.hpp"
#include "outputs.hpp"
#include "profile.hpp"
#include "unconstrained_model.hpp"

// stanc writes this function at the end of every model.
stan::model::model_base& new_model(stan::io::var_context& data,
                                   unsigned int seed, std::ostream* messages);

namespace driver {
namespace {

using stan::services::error_codes;
using Lines = std::vector<std::string>;

#ifdef STAN_THREADS
constexpr bool has_threads = true;
#else
constexpr bool has_threads = false;
#endif
#ifdef STAN_NO_RANGE_CHECKS
constexpr bool has_range_checks = false;
#else
constexpr bool has_range_checks = true;
#endif

struct Method {
  const char* name;
  bool needs_parameters;
  int (*run)(Session&);
};

constexpr Method methods[] = {
    {"sample", false, sample},
    {"optimize", true, optimize},
    {"laplace", true, laplace},
    {"pathfinder", true, pathfinder},
    {"variational", true, variational},
    {"generate_quantities", false, generate_quantities},
    {"log_prob", true, log_prob},
    {"diagnose", true, diagnose},
};

Lines stan_version() {
  return {"stan_version_major = " + stan::MAJOR_VERSION,
          "stan_version_minor = " + stan::MINOR_VERSION,
          "stan_version_patch = " + stan::PATCH_VERSION};
}

int print_info() {
  for (const std::string& line : stan_version()) std::cout << line << "\n";
  std::cout << "STAN_THREADS=" << flag_value(has_threads).text << "\n"
            << "STAN_MPI=false\n"
            << "STAN_OPENCL=false\n"
            << "STAN_NO_RANGE_CHECKS=" << flag_value(!has_range_checks).text
            << "\n"
            << "STAN_CPP_OPTIMS=false\n";
  return error_codes::OK;
}

int print_help() {
  std::cout << "Arguments, in this order; indented arguments belong to the "
               "one above them:\n"
            << help(Settings({}).root());
  return error_codes::OK;
}

std::string start_time() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", std::gmtime(&now));
  return text;
}

std::string clock_seed() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto ticks =
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return std::to_string(static_cast<unsigned int>(ticks));
}

// `init` is a radius around zero or, if it is not a number, a file.
std::optional<double> read_radius(const std::string& init) {
  const auto radius = read_number(init);
  if (radius && !(*radius >= 0))
    throw UsageError("init was given \"" + init +
                     "\", but it takes a number of at least 0 or a file.");
  return radius;
}

// Refuses an output file that would overwrite an input file.
void require_other_output(const Settings& settings) {
  const std::string& output = settings.text("output.file");
  for (const char* input :
       {"data.file", "method.laplace.mode",
        "method.generate_quantities.fitted_params",
        "method.log_prob.constrained_params",
        "method.log_prob.unconstrained_params"}) {
    std::error_code is_missing;
    if (std::filesystem::equivalent(settings.text(input), output, is_missing))
      throw UsageError("output file was given \"" + output +
                       "\", but the method reads that file: choose another.");
  }
}

// Starts num_threads threads or, if it is not given, STAN_NUM_THREADS.
void start_threads(const Settings& settings) {
  const int requested = settings.integer("num_threads");
  if (!has_threads && requested != 1)
    throw UsageError("num_threads was given \"" + settings.text("num_threads") +
                     "\", but this executable was built without threads "
                     "(STAN_THREADS).");
  stan::math::init_threadpool_tbb(requested == 1 ? 0 : requested);
}

Lines operator+(Lines left, const Lines& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Lines header(const Settings& settings, const stan::model::model_base& model) {
  return stan_version() +
         Lines{"model = " + model.model_name(),
               "start_datetime = " + start_time()} +
         describe(settings.root()) + model.model_compile_info();
}

Lines brief_header(const Settings& settings,
                   const stan::model::model_base& model) {
  return stan_version() + Lines{"model = " + model.model_name()} +
         describe(settings.root());
}

// A model without parameters leaves Hamiltonian Monte Carlo nothing to sample.
void settle_sampler(Settings& settings, const stan::model::model_base& model) {
  if (model.num_params_r() > 0 || settings.text("method") != "sample") return;
  if (settings.text("method.sample.algorithm") == "fixed_param") return;
  settings.set("method.sample.algorithm", "fixed_param");
  std::cout << "Model contains no parameters, running fixed_param sampler, no "
               "updates to Markov chain\n";
}

// Returns stanc's notes about itself, lines of "key = value", as JSON members.
std::string compile_info(const stan::model::model_base& model) {
  std::string members;
  for (const std::string& line : model.model_compile_info()) {
    const auto equals = line.find(" = ");
    if (equals != std::string::npos)
      members += ", " + json_text(line.substr(0, equals)) + ": " +
                 json_text(line.substr(equals + 3));
  }
  return members;
}

void write_config(const Session& session) {
  if (!session.settings.flag("output.save_cmdstan_config")) return;
  const auto path =
      sibling(session.settings.text("output.file"), "_config", ".json");
  const auto stream = open_output(path.base + path.suffix, 8);
  *stream << "{\"stan_major_version\": \"" << stan::MAJOR_VERSION
          << "\", \"stan_minor_version\": \"" << stan::MINOR_VERSION
          << "\", \"stan_patch_version\": \"" << stan::PATCH_VERSION
          << "\", \"model_name\": \"" << session.model.model_name()
          << "\", \"start_datetime\": \"" << start_time() << "\", "
          << to_json(session.settings.root()) << ", \"mpi_enabled\": false"
          << compile_info(session.model) << "}\n";
}

int run_method(Session& session) {
  const std::string& name = session.settings.text("method");
  for (const Method& method : methods) {
    if (method.name != name) continue;
    if (method.needs_parameters && session.model.num_params_r() == 0)
      throw std::runtime_error(session.model.model_name() +
                               " has no parameters, so " + name +
                               " has nothing to work on.");
    return method.run(session);
  }
  throw std::logic_error("no method " + name);
}

// Makes sure that a failure ends with a line that begins with Error.
int report(int code, const Console& console) {
  const std::string& line = console.last_error();
  const std::string error =
      line.substr(std::min(line.find_first_not_of(' '), line.size()));
  const bool is_marked =
      error.rfind("Err", 0) == 0 || error.rfind("Exc", 0) == 0;
  if (code != error_codes::OK && !is_marked)
    std::cerr << "Error: "
              << (error.empty() ? "the method did not finish." : error)
              << std::endl;
  return code;
}

int command(const Lines& tokens) {
  if (tokens.empty()) return print_help();
  if (tokens.front() == "info") return print_info();
  if (tokens.front() == "evaluate") return evaluate();
  for (const std::string& token : tokens)
    if (token == "help" || token == "help-all") return print_help();
  const bool is_unconstrained = tokens.front() == "unconstrained";
  LoadedModel loaded;
  return run(Settings({tokens.begin() + is_unconstrained, tokens.end()}),
             loaded, is_unconstrained);
}

}  // namespace

stan::model::model_base& LoadedModel::get(const std::string& data,
                                          unsigned int seed,
                                          std::ostream& messages) {
  if (data_ == nullptr || data != path_) {
    model_.reset();
    data_ = read_context(data);
    path_ = data;
  }
  if (model_ == nullptr || seed != seed_) {
    model_.reset();
    model_.reset(&new_model(*data_, seed, &messages));
    seed_ = seed;
  }
  return *model_;
}

int run(Settings settings, LoadedModel& loaded, bool is_unconstrained,
        std::vector<double>* last) {
  start_threads(settings);
  require_other_output(settings);
  if (settings.integer("random.seed") < 0)
    settings.set("random.seed", clock_seed());
  const unsigned int seed = settings.natural("random.seed");
  stan::model::model_base& model =
      loaded.get(settings.text("data.file"), seed, std::cout);
  UnconstrainedModel unconstrained(model, last);
  settle_sampler(settings, model);
  const std::string& init = settings.text("init");
  const auto radius = read_radius(init);
  Console console;
  Session session{settings,
                  model,
                  is_unconstrained ? unconstrained : model,
                  console,
                  header(settings, model),
                  brief_header(settings, model),
                  seed,
                  settings.natural("id"),
                  settings.integer("output.refresh"),
                  radius.value_or(2),
                  radius ? "" : init};
  for (const std::string& line : describe(settings.root())) console.info(line);
  console.info("");
  write_config(session);
  const int code = run_method(session);
  write_profile(session);
  return report(code, console);
}

}  // namespace driver

int main(int argc, const char* argv[]) {
  using stan::services::error_codes;
  try {
    return driver::command({argv + 1, argv + argc});
  } catch (const driver::UsageError& reason) {
    std::cerr << "Error: " << reason.what() << std::endl;
    return error_codes::USAGE;
  } catch (const std::exception& reason) {
    std::cerr << "Error: " << reason.what() << std::endl;
    return error_codes::SOFTWARE;
  }
}
