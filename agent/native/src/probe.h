#pragma once

#include <string>
#include <vector>

namespace vethscope {

/** One thing this kernel offers to this process, or why not. */
struct Feature {
  std::string name;
  bool available;
  std::string detail;
};

/** Tries each feature by doing it; leaves nothing behind. */
std::vector<Feature> probe_features();

}  // namespace vethscope
