#include "math.hpp"

#include "metric.hpp"

#include <fstream>
#include <stan/io/array_var_context.hpp>
#include <stan/io/json/json_handler.hpp>
#include <stan/io/json/rapidjson_parser.hpp>
#include <stdexcept>

#include "paths.hpp"

namespace driver {
namespace {

const std::string metric_key = "inv_metric";

// Reads the numbers of one member and ignores all else. A saved metric holds
// strings, which Stan's own JSON reader refuses.
class MetricHandler final : public stan::json::json_handler {
 public:
  void key(const std::string& name) override {
    is_metric_ = name == metric_key;
  }
  void start_array() override { ++depth_; }
  void end_array() override {
    if (is_metric_ && depth_ == 2) ++rows_;
    --depth_;
  }
  void number_double(double number) override { add(number); }
  void number_int(int number) override { add(number); }
  void number_unsigned_int(unsigned number) override { add(number); }
  void number_int64(int64_t number) override { add(number); }
  void number_unsigned_int64(uint64_t number) override { add(number); }

  // A list of numbers is a diagonal metric, a list of lists a dense one; it is
  // symmetric, so rows and columns can be exchanged.
  Context context() const {
    std::vector<std::size_t> sizes{numbers_.size()};
    if (rows_ > 0) sizes = {rows_, numbers_.size() / rows_};
    return std::make_shared<stan::io::array_var_context>(
        std::vector<std::string>{metric_key}, numbers_,
        std::vector<std::vector<std::size_t>>{sizes});
  }

 private:
  template <typename Number>
  void add(Number number) {
    if (is_metric_) numbers_.push_back(static_cast<double>(number));
  }

  bool is_metric_ = false;
  int depth_ = 0;
  std::size_t rows_ = 0;
  std::vector<double> numbers_;
};

Context read_metric(const std::string& path) {
  if (split_path(path).suffix != ".json") return read_context(path);
  std::ifstream stream(path);
  if (!stream)
    throw std::runtime_error("the file \"" + path + "\" cannot be opened.");
  MetricHandler handler;
  stan::json::rapidjson_parse(stream, handler);
  return handler.context();
}

}  // namespace

std::vector<Context> read_metrics(const std::string& path, int chains,
                                  unsigned int first) {
  std::vector<Context> metrics;
  for (const std::string& each : existing_chain_paths(path, chains, first))
    metrics.push_back(read_metric(each));
  return metrics;
}

}  // namespace driver
