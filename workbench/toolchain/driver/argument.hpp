#pragma once

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace driver {

// A group holds other arguments. A choice takes one of its alternatives, each a
// group or a word. The other kinds hold a value.
enum class Kind { group, choice, word, flag, integer, real, text };

// The numbers that an argument accepts.
struct Range {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool is_open = false;  // whether the ends are excluded

  bool contains(double number) const {
    return is_open ? least < number && number < most
                   : least <= number && number <= most;
  }
};

// A value as headers show it, and as a number if it is one.
struct Value {
  std::string text;
  double number = 0;
};

inline bool operator==(const Value& a, const Value& b) {
  return a.text == b.text && a.number == b.number;
}

// An argument of the command line, with the arguments inside it.
struct Argument {
  std::string name;
  Kind kind;
  Range range;
  Value value;
  Value fallback;
  std::vector<Argument> children;

  bool is_default() const { return value == fallback; }

  const Argument* child(const std::string& wanted) const {
    for (const Argument& each : children)
      if (each.name == wanted) return &each;
    return nullptr;
  }

  Argument* child(const std::string& wanted) {
    return const_cast<Argument*>(std::as_const(*this).child(wanted));
  }
};

}  // namespace driver
