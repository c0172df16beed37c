#pragma once

#include <string>
#include <vector>

namespace driver {

// A file name cut before its suffix: "draws.csv" is {"draws", ".csv"}.
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

// One path per chain: numbered from `first` where there are several.
inline std::vector<std::string> chain_paths(SplitPath path, int chains,
                                            unsigned int first) {
  if (chains == 1) return {path.base + path.suffix};
  std::vector<std::string> paths;
  for (int chain = 0; chain < chains; ++chain)
    paths.push_back(numbered_path(path, first + chain));
  return paths;
}

// The same path with `ending` before the suffix, which becomes `suffix`.
inline SplitPath sibling(const std::string& path, const std::string& ending,
                         const std::string& suffix) {
  return {split_path(path).base + ending, suffix};
}

}  // namespace driver
