#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "argument.hpp"

namespace driver {

// The command line is not valid.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The command line: every argument with its value.
class Settings {
 public:
  // Reads `key=value` pairs and group names, in CmdStan's nested order.
  explicit Settings(const std::vector<std::string>& tokens);

  // A path names groups and alternatives: "method.sample.adapt.delta".
  int integer(const std::string& path) const;
  unsigned int natural(const std::string& path) const;
  double real(const std::string& path) const;
  bool flag(const std::string& path) const;
  const std::string& text(const std::string& path) const;

  // Changes a value later: a seed from the clock, or the sampler of a model
  // without parameters.
  void set(const std::string& path, const std::string& value);

  const Argument& root() const { return root_; }

 private:
  const Argument& at(const std::string& path) const;

  Argument root_;
};

// Returns the chosen arguments as indented lines `key = value`.
std::vector<std::string> describe(const Argument& root);

// Returns the chosen arguments as members of a JSON object, without braces.
std::string to_json(const Argument& root);

// Returns a text as a JSON string, in quotes.
std::string json_text(const std::string& text);

// Describes every argument: what it accepts, and its default.
std::string help(const Argument& root);

}  // namespace driver
