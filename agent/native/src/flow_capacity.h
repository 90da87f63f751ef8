#pragma once

#include <cstdint>

namespace vethscope {

/** What of the flow maps decides how much kernel memory an entry takes. */
struct FlowMapShape {
  uint32_t key_bytes;
  uint32_t value_bytes;
  /** A value for each of so many CPUs; 0 for one shared value. */
  uint32_t cpus;
};

/** Kernel memory of both halves when each holds this many entries; bytes. */
uint64_t flow_map_bytes(const FlowMapShape& shape, uint32_t entries);

/** The most entries of one half for which both halves stay within these bytes; at least 1. */
uint32_t flow_map_entries(const FlowMapShape& shape, uint64_t bytes);

}  // namespace vethscope
