#pragma once

#include <optional>
#include <string>

#include "argument.hpp"

namespace driver {

// Values as headers show them: six digits for reals, true and false for flags.
Value real_value(double number);
Value integer_value(double number);
Value flag_value(bool is_set);

// Reads all of a text as one number; nothing if it is not one.
std::optional<double> read_number(const std::string& text);

}  // namespace driver
