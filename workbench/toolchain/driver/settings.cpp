#include "settings.hpp"

#include <cmath>

#include "grammar.hpp"
#include "number.hpp"

namespace driver {
namespace {

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

std::string listed(const std::vector<Argument>& arguments) {
  std::string names;
  for (const Argument& each : arguments)
    names += (names.empty() ? "" : ", ") + each.name;
  return names;
}

std::string described(const Argument& argument) {
  const Range& range = argument.range;
  if (std::isinf(range.least)) return "";
  const auto written =
      argument.kind == Kind::integer ? integer_value : real_value;
  const std::string least = written(range.least).text;
  const std::string most =
      std::isinf(range.most) ? "" : written(range.most).text;
  if (std::isinf(range.most))
    return (range.is_open ? " above " : " of at least ") + least;
  return range.is_open ? " above " + least + " and below " + most
                       : " from " + least + " to " + most;
}

std::string accepted(const Argument& argument) {
  switch (argument.kind) {
    case Kind::choice:
      return "one of " + listed(argument.children);
    case Kind::flag:
      return "0, 1, false or true";
    case Kind::integer:
      return "an integer" + described(argument);
    case Kind::real:
      return "a number" + described(argument);
    default:
      return "a text";
  }
}

[[noreturn]] void reject(const Argument& argument, const std::string& text) {
  throw UsageError(argument.name + " was given " + in_quotes(text) +
                   ", but it takes " + accepted(argument) + ".");
}

Value read_flag(const Argument& argument, const std::string& text) {
  if (text == "1" || text == "true") return flag_value(true);
  if (text == "0" || text == "false") return flag_value(false);
  reject(argument, text);
}

Value read_numeric(const Argument& argument, const std::string& text) {
  const auto number = read_number(text);
  const bool is_integer = argument.kind == Kind::integer;
  if (!number || !argument.range.contains(*number) ||
      (is_integer && std::floor(*number) != *number))
    reject(argument, text);
  return is_integer ? integer_value(*number) : real_value(*number);
}

void assign(Argument& argument, const std::string& text) {
  switch (argument.kind) {
    case Kind::flag:
      argument.value = read_flag(argument, text);
      break;
    case Kind::integer:
    case Kind::real:
      argument.value = read_numeric(argument, text);
      break;
    case Kind::choice:
      if (argument.child(text) == nullptr) reject(argument, text);
      [[fallthrough]];
    default:
      argument.value = {text, 0};
  }
}

// Reads tokens into a tree. `open_` holds the groups that a token may belong
// to, the innermost last. They are searched from the innermost outwards.
class Reader {
 public:
  explicit Reader(Argument& root) : root_(root), open_{&root} {}

  void read(const std::string& token) {
    const auto equals = token.find('=');
    const std::string name = token.substr(0, equals);
    Argument* found = find(name);
    if (found == nullptr) return read_method(token);
    if (found->kind == Kind::group) {
      if (equals != std::string::npos)
        throw UsageError(in_quotes(token) + ": " + name +
                         " is a group of arguments and takes no value.");
      open_.push_back(found);
      return;
    }
    if (equals == std::string::npos)
      throw UsageError(name + " takes " + accepted(*found) + ": write " + name +
                       "=...");
    give(*found, token.substr(equals + 1));
  }

 private:
  Argument* find(const std::string& name) {
    for (std::size_t depth = open_.size(); depth > 0; --depth) {
      Argument* found = open_[depth - 1]->child(name);
      if (found == nullptr) continue;
      open_.resize(depth);
      return found;
    }
    return nullptr;
  }

  void give(Argument& argument, const std::string& text) {
    assign(argument, text);
    if (argument.kind == Kind::choice) open_.push_back(argument.child(text));
  }

  // `sample` is short for `method=sample`.
  void read_method(const std::string& token) {
    Argument& method = *root_.child("method");
    if (method.child(token) == nullptr) {
      const std::string place =
          open_.size() > 1 ? " of " + open_.back()->name : "";
      throw UsageError(in_quotes(token) + " is not an argument" + place +
                       " nor of what surrounds it; known here: " +
                       listed(open_.back()->children) + ".");
    }
    open_.resize(1);
    give(method, token);
  }

  Argument& root_;
  std::vector<Argument*> open_;
};

const std::string& shown_default(const Argument& argument) {
  static const std::string mark = " (Default)";
  static const std::string none;
  return argument.is_default() ? mark : none;
}

void describe_into(const Argument& argument, const std::string& indent,
                   std::vector<std::string>& lines) {
  if (argument.kind == Kind::word) return;
  if (argument.kind == Kind::group) {
    lines.push_back(indent + argument.name);
    for (const Argument& each : argument.children)
      describe_into(each, indent + "  ", lines);
    return;
  }
  lines.push_back(indent + argument.name + " = " + argument.value.text +
                  shown_default(argument));
  if (argument.kind == Kind::choice)
    describe_into(*argument.child(argument.value.text), indent + "  ", lines);
}

std::string json_member(const Argument& argument) {
  const std::string key = json_text(argument.name) + ": ";
  switch (argument.kind) {
    case Kind::group:
    case Kind::word:
      return key + "{" + to_json(argument) + "}";
    case Kind::choice:
      return key + "{\"value\": " + json_text(argument.value.text) + ", " +
             json_member(*argument.child(argument.value.text)) + "}";
    case Kind::text:
      return key + json_text(argument.value.text);
    default:
      return key + argument.value.text;
  }
}

void help_into(const Argument& argument, const std::string& indent,
               std::string& lines) {
  lines += indent + argument.name;
  if (argument.kind != Kind::group && argument.kind != Kind::word)
    lines += "=<" + accepted(argument) +
             "> (default: " + in_quotes(argument.fallback.text) + ")";
  lines += "\n";
  for (const Argument& each : argument.children)
    if (each.kind != Kind::word) help_into(each, indent + "  ", lines);
}

}  // namespace

Settings::Settings(const std::vector<std::string>& tokens) : root_(grammar()) {
  Reader reader(root_);
  for (const std::string& token : tokens) reader.read(token);
}

const Argument& Settings::at(const std::string& path) const {
  const Argument* here = &root_;
  for (std::size_t start = 0; start < path.size();) {
    const std::size_t dot = std::min(path.find('.', start), path.size());
    here = here->child(path.substr(start, dot - start));
    if (here == nullptr) throw std::logic_error("no argument " + path);
    start = dot + 1;
  }
  return *here;
}

int Settings::integer(const std::string& path) const {
  return static_cast<int>(at(path).value.number);
}

unsigned int Settings::natural(const std::string& path) const {
  return static_cast<unsigned int>(at(path).value.number);
}

double Settings::real(const std::string& path) const {
  return at(path).value.number;
}

bool Settings::flag(const std::string& path) const {
  return at(path).value.number != 0;
}

const std::string& Settings::text(const std::string& path) const {
  return at(path).value.text;
}

void Settings::set(const std::string& path, const std::string& value) {
  assign(const_cast<Argument&>(std::as_const(*this).at(path)), value);
}

std::vector<std::string> describe(const Argument& root) {
  std::vector<std::string> lines;
  for (const Argument& each : root.children) describe_into(each, "", lines);
  return lines;
}

std::string json_text(const std::string& text) {
  std::string escaped;
  for (const char each : text) {
    if (each == '"' || each == '\\') escaped += '\\';
    escaped += each;
  }
  return in_quotes(escaped);
}

std::string to_json(const Argument& root) {
  std::string members;
  for (const Argument& each : root.children)
    members += (members.empty() ? "" : ", ") + json_member(each);
  return members;
}

std::string help(const Argument& root) {
  std::string lines;
  for (const Argument& each : root.children) help_into(each, "  ", lines);
  return lines;
}

}  // namespace driver
