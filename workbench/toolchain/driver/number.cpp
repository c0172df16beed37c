#include "number.hpp"

#include <cstdlib>
#include <sstream>

namespace driver {

Value real_value(double number) {
  std::ostringstream text;
  text << number;
  return {text.str(), number};
}

Value integer_value(double number) {
  return {std::to_string(static_cast<long long>(number)), number};
}

Value flag_value(bool is_set) {
  return {is_set ? "true" : "false", is_set ? 1.0 : 0.0};
}

std::optional<double> read_number(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || end != text.c_str() + text.size()) return std::nullopt;
  return number;
}

}  // namespace driver
