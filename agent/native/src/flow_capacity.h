#pragma once

#include <cstdint>

namespace vethscope {

/** What of the flow map decides how much kernel memory it takes. All entries are allocated at once. */
struct FlowMapShape {
  uint32_t key_bytes;
  uint32_t value_bytes;
  /** Possible ones: the kernel keeps an entry more for each. */
  uint32_t cpus;
};

/** Kernel memory of both halves when each has room for this many entries; bytes. */
uint64_t flow_map_bytes(const FlowMapShape& shape, uint32_t entries);

/** The most entries of one half for which both halves stay within these bytes; at least 1. */
uint32_t flow_map_entries(const FlowMapShape& shape, uint64_t bytes);

}  // namespace vethscope
