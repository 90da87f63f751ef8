#include "flow_capacity.h"

namespace vethscope {

namespace {

/* kernel/bpf/hashtab.c: struct htab_elem in front of the key, struct bucket, and at most struct bpf_htab. */
constexpr uint64_t kElementHeader = 48;
constexpr uint64_t kBucket = 16;
constexpr uint64_t kMap = 2048;
constexpr uint64_t kHalves = 2;

uint64_t align(uint64_t bytes) { return (bytes + 7) & ~uint64_t{7}; }

uint64_t next_power(uint64_t number) {
  uint64_t power = 1;
  while (power < number) power *= 2;
  return power;
}

}  // namespace

uint64_t flow_map_bytes(const FlowMapShape& shape, uint32_t entries) {
  uint64_t element = kElementHeader + align(shape.key_bytes) + align(shape.value_bytes);
  return kHalves * (kMap + (uint64_t{entries} + shape.cpus) * element + next_power(entries) * kBucket);
}

uint32_t flow_map_entries(const FlowMapShape& shape, uint64_t bytes) {
  uint64_t low = 1;
  uint64_t high = uint64_t{1} << 31; /* the most buckets that a hash can have */
  while (low < high) {
    uint64_t middle = (low + high + 1) / 2;
    if (flow_map_bytes(shape, static_cast<uint32_t>(middle)) <= bytes) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return static_cast<uint32_t>(low);
}

}  // namespace vethscope
