#pragma once

#include <cmath>
#include <limits>
#include <ostream>
#include <stan/math/prim/fun/Eigen.hpp>
#include <string>
#include <vector>

namespace driver {

// Writes JSON at full precision. Values that are not finite are NaN or
// Infinity, which Stan and Python read although the standard lacks them.
class JsonObject {
 public:
  explicit JsonObject(std::ostream& stream) : stream_(stream) {
    stream_.precision(std::numeric_limits<double>::max_digits10);
    stream_ << "{";
  }
  ~JsonObject() { stream_ << "\n}\n"; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  template <typename T>
  void member(const std::string& name, const T& value) {
    stream_ << (is_first_ ? "\n" : ",\n") << "  \"" << name << "\": ";
    is_first_ = false;
    write(value);
  }

 private:
  void write(double number) {
    if (std::isnan(number))
      stream_ << "NaN";
    else if (std::isinf(number))
      stream_ << (number > 0 ? "Infinity" : "-Infinity");
    else
      stream_ << number;
  }

  void write(bool is_true) { stream_ << (is_true ? "true" : "false"); }

  void write(const std::string& text) { stream_ << "\"" << text << "\""; }

  void write(const std::vector<std::string>& texts) {
    write_list(texts.size(), [&](auto i) { write(texts[i]); });
  }

  void write(const Eigen::VectorXd& numbers) {
    write_list(numbers.size(), [&](auto i) { write(numbers(i)); });
  }

  void write(const Eigen::MatrixXd& rows) {
    write_list(rows.rows(),
               [&](auto i) { write(Eigen::VectorXd(rows.row(i))); });
  }

  template <typename Size, typename Write>
  void write_list(Size size, Write&& write_item) {
    stream_ << "[";
    for (Size i = 0; i < size; ++i) {
      if (i > 0) stream_ << ", ";
      write_item(i);
    }
    stream_ << "]";
  }

  std::ostream& stream_;
  bool is_first_ = true;
};

}  // namespace driver
