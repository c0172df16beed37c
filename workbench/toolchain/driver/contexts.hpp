#pragma once

#include <memory>
#include <stan/io/var_context.hpp>
#include <string>
#include <vector>

namespace driver {

using Context = std::shared_ptr<stan::io::var_context>;

// Reads named values from a JSON file, or from R's dump format if the suffix is
// not .json. An empty path stands for no values.
Context read_context(const std::string& path);

// Returns a path for each chain: "init.json" stands for "init_1.json", ... if
// those exist, and else for the same file for all chains.
std::vector<std::string> existing_chain_paths(const std::string& path,
                                              int chains, unsigned int first);

// Reads a context for each chain, from those paths.
std::vector<Context> read_contexts(const std::string& path, int chains,
                                   unsigned int first);

}  // namespace driver
