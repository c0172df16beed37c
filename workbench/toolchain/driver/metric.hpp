#pragma once

#include <string>
#include <vector>

#include "contexts.hpp"

namespace driver {

// Reads "inv_metric" from a file as save_metric writes it, JSON with other
// members, or from R's dump format; one for each chain, as in read_contexts.
std::vector<Context> read_metrics(const std::string& path, int chains,
                                  unsigned int first);

}  // namespace driver
