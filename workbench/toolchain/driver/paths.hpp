#pragma once

#include <string>
#include <vector>

namespace driver {

// A file name split before its suffix: "draws.csv" is {"draws", ".csv"}.
struct SplitPath {
  std::string base;
  std::string suffix;
};

inline SplitPath split_path(const std::string& path) {
  const auto dot = path.find_last_of('.');
  const auto slash = path.find_last_of('/');
  const bool has_suffix =
      dot != std::string::npos && (slash == std::string::npos || dot > slash);
  if (!has_suffix) return {path, ""};
  return {path.substr(0, dot), path.substr(dot)};
}

inline std::string numbered_path(const SplitPath& path, unsigned int number) {
  return path.base + "_" + std::to_string(number) + path.suffix;
}

// Returns a path for each chain, numbered from `first` if there are several.
inline std::vector<std::string> chain_paths(SplitPath path, int chains,
                                            unsigned int first) {
  if (chains == 1) return {path.base + path.suffix};
  std::vector<std::string> paths;
  for (int chain = 0; chain < chains; ++chain)
    paths.push_back(numbered_path(path, first + chain));
  return paths;
}

// Returns the path with `ending` and `suffix` in place of its own suffix.
inline SplitPath sibling(const std::string& path, const std::string& ending,
                         const std::string& suffix) {
  return {split_path(path).base + ending, suffix};
}

}  // namespace driver
