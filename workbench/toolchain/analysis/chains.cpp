#include "chains.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "../driver/number.hpp"

namespace analysis {
namespace {

using Row = std::vector<double>;

// The content of a file: names, draws, and the settings in its comments.
struct Chain {
  std::vector<std::string> names;
  std::vector<Row> rows;
  int warmup_rows = 0;
  int max_depth = 10;
};

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> found;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');)
    found.push_back(cell);
  return found;
}

// Returns the value of `key = value` in a comment, if the comment has that key.
std::optional<std::string> setting(const std::string& comment,
                                   const std::string& key) {
  const auto place = comment.find(" " + key + " = ");
  if (place == std::string::npos) return std::nullopt;
  const std::string rest = comment.substr(place + key.size() + 4);
  return rest.substr(0, rest.find(' '));
}

void read_comment(const std::string& line, Chain& chain) {
  if (const auto depth = setting(line, "max_depth"))
    chain.max_depth = std::stoi(*depth);
  // All draws above this line are warm-up.
  if (line.find("Adaptation terminated") != std::string::npos)
    chain.warmup_rows = static_cast<int>(chain.rows.size());
}

Row read_row(const std::string& line, const std::string& path) {
  Row row;
  for (const std::string& cell : cells(line)) {
    const auto number = driver::read_number(cell);
    if (!number)
      throw std::runtime_error("\"" + path + "\" has \"" + cell +
                               "\" where a number was expected.");
    row.push_back(*number);
  }
  return row;
}

Chain read_chain(const std::string& path) {
  std::ifstream stream(path);
  if (!stream)
    throw std::runtime_error("the file \"" + path + "\" cannot be opened.");
  Chain chain;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty()) continue;
    if (line.front() == '#')
      read_comment(line, chain);
    else if (chain.names.empty())
      chain.names = cells(line);
    else
      chain.rows.push_back(read_row(line, path));
  }
  chain.rows.erase(chain.rows.begin(), chain.rows.begin() + chain.warmup_rows);
  return chain;
}

void require_alike(const Chain& first, const Chain& other,
                   const std::string& path) {
  if (other.names != first.names || other.rows.size() != first.rows.size())
    throw std::runtime_error("\"" + path +
                             "\" has other columns or another number of draws "
                             "than the first file.");
}

}  // namespace

const Eigen::MatrixXd* Chains::column(const std::string& name) const {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? nullptr : &columns[found - names.begin()];
}

Chains read_chains(const std::vector<std::string>& paths) {
  if (paths.empty())
    throw std::runtime_error("the names of one or more CSV files are needed.");
  Chains chains;
  for (std::size_t chain = 0; chain < paths.size(); ++chain) {
    const Chain read = read_chain(paths[chain]);
    if (chain == 0) {
      chains.names = read.names;
      chains.max_depth = read.max_depth;
      chains.columns.assign(read.names.size(),
                            Eigen::MatrixXd(read.rows.size(), paths.size()));
    }
    require_alike({chains.names, std::vector<Row>(chains.columns[0].rows())},
                  read, paths[chain]);
    for (std::size_t i = 0; i < read.rows.size(); ++i)
      for (std::size_t j = 0; j < read.names.size(); ++j)
        chains.columns[j](i, chain) = read.rows[i].at(j);
  }
  return chains;
}

std::string stan_name(const std::string& name) {
  std::string shown;
  bool is_open = false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool is_index = name[i] == '.' && i + 1 < name.size() &&
                          std::isdigit(static_cast<unsigned char>(name[i + 1]));
    if (is_index) {
      shown += is_open ? "," : "[";
      is_open = true;
    } else if (is_open && !std::isdigit(static_cast<unsigned char>(name[i]))) {
      shown += "]";
      shown += name[i] == ':' ? '.' : name[i];
      is_open = false;
    } else {
      shown += name[i] == ':' ? '.' : name[i];
    }
  }
  return is_open ? shown + "]" : shown;
}

}  // namespace analysis
