#pragma once

#include <string>
#include <vector>

#include "contexts.hpp"

namespace driver {

// Reads "inv_metric" from a file such as save_metric writes: JSON with other
// members beside it, or R's dump format; one per chain as read_contexts does.
std::vector<Context> read_metrics(const std::string& path, int chains,
                                  unsigned int first);

}  // namespace driver
