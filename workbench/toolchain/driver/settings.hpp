#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "argument.hpp"

namespace driver {

// The command line is not one we accept.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A command line, read: every argument with its value.
class Settings {
 public:
  // Reads `key=value` pairs and group names, in CmdStan's nested order.
  explicit Settings(const std::vector<std::string>& tokens);

  // A path names groups and alternatives, such as "method.sample.adapt.delta".
  int integer(const std::string& path) const;
  unsigned int natural(const std::string& path) const;
  double real(const std::string& path) const;
  bool flag(const std::string& path) const;
  const std::string& text(const std::string& path) const;

  // Gives an argument a value after the fact: a seed drawn from the clock, a
  // sampler that the model's lack of parameters decides.
  void set(const std::string& path, const std::string& value);

  const Argument& root() const { return root_; }

 private:
  const Argument& at(const std::string& path) const;

  Argument root_;
};

// The chosen arguments as indented `key = value` lines.
std::vector<std::string> describe(const Argument& root);

// The chosen arguments as members of a JSON object, without the braces.
std::string to_json(const Argument& root);

// A text as JSON has it, in quotes.
std::string json_text(const std::string& text);

// Every argument with what it accepts and its default.
std::string help(const Argument& root);

}  // namespace driver
