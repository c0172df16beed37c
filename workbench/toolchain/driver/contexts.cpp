#include "math.hpp"

#include "contexts.hpp"

#include <fstream>
#include <stan/io/dump.hpp>
#include <stan/io/empty_var_context.hpp>
#include <stan/io/json/json_data.hpp>
#include <stdexcept>

#include "paths.hpp"

namespace driver {

Context read_context(const std::string& path) {
  if (path.empty()) return std::make_shared<stan::io::empty_var_context>();
  std::ifstream stream(path);
  if (!stream)
    throw std::runtime_error("the file \"" + path + "\" cannot be opened.");
  try {
    if (split_path(path).suffix == ".json")
      return std::make_shared<stan::json::json_data>(stream);
    return std::make_shared<stan::io::dump>(stream);
  } catch (const std::exception& reason) {
    throw std::runtime_error("in the file \"" + path + "\": " + reason.what());
  }
}

std::vector<std::string> existing_chain_paths(const std::string& path,
                                              int chains, unsigned int first) {
  const auto numbered = chain_paths(split_path(path), chains, first);
  if (chains == 1 || !std::ifstream(numbered.front()))
    return std::vector<std::string>(chains, path);
  return numbered;
}

std::vector<Context> read_contexts(const std::string& path, int chains,
                                   unsigned int first) {
  std::vector<Context> contexts;
  for (const std::string& each : existing_chain_paths(path, chains, first))
    contexts.push_back(read_context(each));
  return contexts;
}

}  // namespace driver
