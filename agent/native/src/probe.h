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

/** TCX links, which go with the process that holds them. */
Feature probe_tcx();

/** Atomic operations that give the value before: what counters shared by CPUs need. */

/** Tries each feature by doing it; leaves nothing behind. */
std::vector<Feature> probe_features();

}  // namespace vethscope
