#pragma once

#include <memory>
#include <stan/io/var_context.hpp>
#include <string>
#include <vector>

namespace driver {

using Context = std::shared_ptr<stan::io::var_context>;

// Reads named values from a JSON file, or from R's dump format where the
// suffix is not .json; an empty path holds no values.
Context read_context(const std::string& path);

// One path per chain: "init.json" stands for "init_1.json", ... where those
// exist, and for all chains alike where they do not.
std::vector<std::string> existing_chain_paths(const std::string& path,
                                              int chains, unsigned int first);

// One context per chain, from such paths.
std::vector<Context> read_contexts(const std::string& path, int chains,
                                   unsigned int first);

}  // namespace driver
