#pragma once

#include <optional>
#include <string>

#include "argument.hpp"

namespace driver {

// Values as headers show them: reals with six digits, flags as true or false.
Value real_value(double number);
Value integer_value(double number);
Value flag_value(bool is_set);

// Reads a text as a number; nothing if the whole text is not a number.
std::optional<double> read_number(const std::string& text);

}  // namespace driver
