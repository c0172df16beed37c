#include "math.hpp"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <stan/model/log_prob_grad.hpp>
#include <stan/services/util/create_rng.hpp>

#include "draws.hpp"
#include "loaded_model.hpp"

namespace driver {
namespace {

enum class Task : std::uint32_t {
  open,  // read the data file that the text names
  log_density,
  generate,
  unconstrain,
  call  // run a method of the command line, one argument a line
};

// A request is this header and then `count` rows of `width` numbers, or `count`
// characters if the flags say text. All of it is in this machine's order.
struct Request {
  Task task;
  std::uint32_t flags;
  std::uint64_t count;
  std::uint64_t width;
  std::uint64_t seed;
  std::uint64_t first;  // the position of the first row among all draws
};

// An answer is this header, then numbers, then text. If the status is not 0,
// the text says why the whole request failed.
struct Answer {
  std::int64_t status;
  std::uint64_t failures;  // rows that the program rejects; they hold NaN
  std::uint64_t numbers;
  std::uint64_t characters;
};

enum Flag {
  normalised = 1,
  jacobian = 2,
  gradients = 4,
  transformed = 8,
  generated = 16,
  is_text = 32
};

// Draws that share a generator of random numbers: whoever computes them, and in
// however many pieces, they are the same.
constexpr std::uint64_t draws_per_generator = 10;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

using Model = stan::model::model_base;

// What a request is answered with.
struct Result {
  std::uint64_t failures = 0;
  Row numbers;
  std::string text;
};

// Reads whole requests; false at the end of the input.
class Requests {
 public:
  bool next(Request& request, std::string& text, Row& numbers) {
    if (!read(&request, sizeof request)) return false;
    const bool has_text = request.flags & is_text;
    text.resize(has_text ? request.count : 0);
    numbers.resize(has_text ? 0 : request.count * request.width);
    return read(text.data(), text.size()) &&
           read(numbers.data(), numbers.size() * sizeof(double));
  }

 private:
  static bool read(void* to, std::size_t size) {
    return size == 0 || std::fread(to, size, 1, stdin) == 1;
  }
};

// Writes answers to what was standard output, which only they may use.
class Answers {
 public:
  Answers() : stream_(fdopen(dup(1), "wb")) { dup2(2, 1); }

  bool write(std::int64_t status, const Result& result) {
    const Answer answer{status, result.failures, result.numbers.size(),
                        result.text.size()};
    return put(&answer, sizeof answer) &&
           put(result.numbers.data(), result.numbers.size() * sizeof(double)) &&
           put(result.text.data(), result.text.size()) &&
           std::fflush(stream_) == 0;
  }

 private:
  bool put(const void* from, std::size_t size) {
    return size == 0 || std::fwrite(from, size, 1, stream_) == 1;
  }

  std::FILE* stream_;
};

// Calls `work` with the number of each row. A row that is rejected, which is
// said by such an exception, counts as a failure; the first reason is kept.
template <typename Rejection, typename Work>
void for_each_row(const Request& request, Result& result, Work&& work) {
  for (std::uint64_t i = 0; i < request.count; ++i) {
    try {
      work(i);
    } catch (const Rejection& reason) {
      if (result.failures++ == 0) result.text = reason.what();
    }
    stan::math::recover_memory();
  }
}

// Stan appends to the list that it is given.
std::vector<std::string> name_quantities(const Model& model, bool tparams,
                                         bool gqs) {
  std::vector<std::string> names;
  model.constrained_param_names(names, tparams, gqs);
  return names;
}

// Sizes of parameters alone, with transformed ones, and with generated
// quantities; then the names of all, and of the unconstrained dimensions.
Result describe_model(const Model& model) {
  const auto names = name_quantities(model, true, true);
  std::vector<std::string> free;
  model.unconstrained_param_names(free, false, false);
  Result result;
  for (const std::size_t size :
       {name_quantities(model, false, false).size(),
        name_quantities(model, true, false).size(), names.size(), free.size()})
    result.numbers.push_back(static_cast<double>(size));
  for (const std::string& name : names) result.text += name + "\n";
  for (const std::string& name : free) result.text += name + "\n";
  return result;
}

template <bool propto, bool has_jacobian>
double evaluate_at(const Model& model, Row& point, Row& gradient) {
  std::vector<int> none;
  return stan::model::log_prob_grad<propto, has_jacobian>(
      model, point, none, gradient, &std::cout);
}

void require_width(const Request& request, std::size_t width) {
  if (request.width != width)
    throw std::invalid_argument("a row has " + std::to_string(request.width) +
                                " numbers, but the program takes " +
                                std::to_string(width) + ".");
}

// Returns rows of the log density and, if requested, its gradient.
Result evaluate_all(const Model& model, const Request& request,
                    const Row& points) {
  const std::size_t size = model.num_params_r();
  require_width(request, size);
  const bool is_normalised = request.flags & normalised;
  const auto density =
      request.flags & jacobian
          ? (is_normalised ? evaluate_at<false, true> : evaluate_at<true, true>)
          : (is_normalised ? evaluate_at<false, false>
                           : evaluate_at<true, false>);
  const std::size_t width = request.flags & gradients ? size + 1 : 1;
  Result result;
  result.numbers.assign(request.count * width, not_a_number);
  Row point(size);
  Row gradient(size);
  for_each_row<std::exception>(request, result, [&](std::uint64_t i) {
    point.assign(points.begin() + i * size, points.begin() + (i + 1) * size);
    double* row = &result.numbers[i * width];
    *row = density(model, point, gradient);
    if (width > 1) std::copy(gradient.begin(), gradient.end(), row + 1);
  });
  return result;
}

// Returns constrained parameters, with what the flags add, of unconstrained
// points. What a program computed before it rejected a draw is kept.
Result generate_all(const Model& model, const Request& request,
                    const Row& points) {
  const std::size_t size = model.num_params_r();
  require_width(request, size);
  const bool tparams = request.flags & transformed;
  const bool gqs = request.flags & generated;
  const std::size_t width = name_quantities(model, tparams, gqs).size();
  Result result;
  result.numbers.assign(request.count * width, not_a_number);
  Row point(size);
  std::vector<int> none;
  stan::rng_t rng;
  std::uint64_t generator = -1;
  for_each_row<std::domain_error>(request, result, [&](std::uint64_t i) {
    const std::uint64_t own = (request.first + i) / draws_per_generator;
    if (gqs && own != generator) {
      rng = stan::services::util::create_rng(request.seed, own + 1);
      generator = own;
    }
    point.assign(points.begin() + i * size, points.begin() + (i + 1) * size);
    Row row;
    const auto keep = [&] {
      std::copy_n(row.begin(), std::min(row.size(), width),
                  &result.numbers[i * width]);
    };
    try {
      model.write_array(rng, point, none, row, tparams, gqs, &std::cout);
    } catch (const std::domain_error&) {
      keep();
      throw;
    }
    keep();
  });
  return result;
}

// Returns unconstrained points of constrained parameters.
Result unconstrain_all(const Model& model, const Request& request,
                       const Row& values) {
  require_width(request, name_quantities(model, false, false).size());
  const std::size_t size = model.num_params_r();
  Result result;
  result.numbers.assign(request.count * size, not_a_number);
  for_each_row<std::exception>(request, result, [&](std::uint64_t i) {
    const Row row(values.begin() + i * request.width,
                  values.begin() + (i + 1) * request.width);
    const Row point = unconstrain(model, row);
    std::copy(point.begin(), point.end(), &result.numbers[i * size]);
  });
  return result;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Collects what is printed to a stream for as long as it lives.
class Printed {
 public:
  explicit Printed(std::ostream& stream)
      : stream_(stream), own_(stream.rdbuf(text_.rdbuf())) {}
  ~Printed() { stream_.rdbuf(own_); }
  Printed(const Printed&) = delete;
  Printed& operator=(const Printed&) = delete;
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::ostream& stream_;
  std::streambuf* own_;
};

// Runs a method of the command line, without its unchanged data being read
// again; its output holds unconstrained parameters. An optimizer is answered
// with the log density and all quantities where it ended.
std::int64_t call_method(LoadedModel& loaded, const std::string& arguments,
                         Result& result) {
  const Settings settings(split_lines(arguments));
  const bool is_optimizer = settings.text("method") == "optimize";
  Row last;
  const int code = run(settings, loaded, true, is_optimizer ? &last : nullptr);
  stan::math::recover_memory();
  if (last.empty()) return code;
  const unsigned int seed = settings.natural("random.seed");
  const Model& model =
      loaded.get(settings.text("data.file"), seed, std::cout);
  const bool has_jacobian = settings.flag("method.optimize.jacobian");
  const std::uint32_t flags = has_jacobian ? jacobian : 0;
  const Request at{Task::log_density, flags, 1, last.size(), seed, 0};
  const Request also{Task::generate, transformed | generated, 1, last.size(),
                     seed, 0};
  result = generate_all(model, also, last);
  const Row density = evaluate_all(model, at, last).numbers;
  result.numbers.insert(result.numbers.begin(), density.front());
  return code;
}

class Evaluator {
 public:
  std::int64_t answer(const Request& request, const std::string& text,
                      const Row& numbers, Result& result) {
    if (request.task == Task::call) return call_method(loaded_, text, result);
    if (request.task == Task::open) path_ = text;
    const Model& model =
        loaded_.get(path_, static_cast<unsigned int>(request.seed), std::cout);
    switch (request.task) {
      case Task::open:
        result = describe_model(model);
        return 0;
      case Task::log_density:
        result = evaluate_all(model, request, numbers);
        return 0;
      case Task::generate:
        result = generate_all(model, request, numbers);
        return 0;
      case Task::unconstrain:
        result = unconstrain_all(model, request, numbers);
        return 0;
      default:
        throw std::invalid_argument("there is no request " +
                                    std::to_string(static_cast<int>(request.task)) + ".");
    }
  }

 private:
  LoadedModel loaded_;
  std::string path_;
};

}  // namespace

int evaluate() {
  Evaluator evaluator;
  Requests requests;
  Answers answers;
  Request request{};
  std::string text;
  Row numbers;
  if (!answers.write(0, {0, {}, "workbench 1"})) return 1;
  while (requests.next(request, text, numbers)) {
    Result result;
    std::int64_t status = 1;
    std::string printed;
    {
      Printed out(std::cout);
      Printed err(std::cerr);
      try {
        status = evaluator.answer(request, text, numbers, result);
      } catch (const std::exception& reason) {
        result = {0, {}, std::string("Error: ") + reason.what()};
      }
      printed = out.text() + err.text();
    }
    const bool is_names = request.task == Task::open && status == 0;
    if (!is_names) result.text = printed + result.text;
    if (!answers.write(status, result)) return 1;
  }
  return 0;
}

}  // namespace driver
