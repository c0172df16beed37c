#include "math.hpp"

#include "draws.hpp"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace driver {
namespace {

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> found;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');)
    found.push_back(trimmed(cell));
  return found;
}

bool is_blank(char symbol) {
  return symbol == ' ' || symbol == '\t' || symbol == '\r';
}

// Reads a cell and moves past its comma; stays if the cell cannot be read.
bool read_cell(const char*& at, Row& row) {
  char* end = nullptr;
  row.push_back(std::strtod(at, &end));
  if (end == at) return false;
  while (is_blank(*end)) ++end;
  if (*end != ',' && *end != '\0') return false;
  at = *end == ',' ? end + 1 : end;
  return true;
}

Row read_row(const Table& table, const std::string& line) {
  Row row;
  row.reserve(table.names.size());
  const char* at = line.c_str();
  while (*at != '\0')
    if (!read_cell(at, row))
      throw std::runtime_error("\"" + table.path + "\" has \"" +
                               trimmed(std::string(at, std::strcspn(at, ","))) +
                               "\" where a number was expected.");
  if (row.size() != table.names.size())
    throw std::runtime_error("\"" + table.path + "\" has a row of " +
                             std::to_string(row.size()) + " values under " +
                             std::to_string(table.names.size()) + " names.");
  return row;
}

bool is_method_column(const std::string& name) {
  return name.size() > 2 && name.compare(name.size() - 2, 2, "__") == 0;
}

}  // namespace

Table read_table(const std::string& path) {
  std::ifstream stream(path);
  if (!stream)
    throw std::runtime_error("the file \"" + path + "\" cannot be opened.");
  Table table{path, {}, {}, {}};
  for (std::string line; std::getline(stream, line);) {
    if (trimmed(line).empty()) continue;
    if (line.front() == '#')
      table.comments.push_back(line);
    else if (table.names.empty())
      table.names = cells(line);
    else
      table.rows.push_back(read_row(table, line));
  }
  if (table.rows.empty())
    throw std::runtime_error("\"" + path + "\" has no rows of values.");
  return table;
}

std::vector<Row> parameter_rows(const Table& table,
                                const stan::model::model_base& model) {
  std::vector<std::string> expected;
  model.constrained_param_names(expected, false, false);
  std::size_t first = 0;
  while (first < table.names.size() && is_method_column(table.names[first]))
    ++first;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const bool is_there = first + i < table.names.size();
    if (is_there && table.names[first + i] == expected[i]) continue;
    const std::string found =
        is_there ? "\"" + table.names[first + i] + "\"" : "no more columns";
    throw std::runtime_error("\"" + table.path +
                             "\" does not fit this model: expected the "
                             "parameter \"" +
                             expected[i] + "\", found " + found + ".");
  }
  std::vector<Row> rows;
  for (const Row& row : table.rows)
    rows.emplace_back(row.begin() + first,
                      row.begin() + first + expected.size());
  return rows;
}

Row unconstrain(const stan::model::model_base& model, const Row& values) {
  Row unconstrained;
  std::ostringstream messages;
  try {
    model.unconstrain_array(values, unconstrained, &messages);
  } catch (const std::exception& reason) {
    throw std::runtime_error(messages.str() + reason.what() +
                             " (values that are not in the parameters' "
                             "support cannot be unconstrained)");
  }
  return unconstrained;
}

}  // namespace driver
