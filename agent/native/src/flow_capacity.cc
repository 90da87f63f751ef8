#include "flow_capacity.h"

namespace vethscope {

namespace {

/* kernel/bpf/hashtab.c: struct htab_elem in front of the key, and struct bucket. */
constexpr uint64_t kElementHeader = 48;
constexpr uint64_t kBucket = 16;
/* kernel/bpf/memalloc.c: what leads an element to its free list. */
constexpr uint64_t kFreeListNode = 8;
constexpr uint64_t kPointer = 8;
constexpr uint64_t kHalves = 2;
constexpr uint64_t kPage = 4096;

uint64_t align(uint64_t bytes) { return (bytes + 7) & ~uint64_t{7}; }

uint64_t next_power(uint64_t number) {
  uint64_t power = 1;
  while (power < number) power *= 2;
  return power;
}

/** What the slab gives for an object: the next power of two, or 96 or 192. */
uint64_t slab_bytes(uint64_t bytes) {
  if (bytes > kPage) return (bytes + kPage - 1) / kPage * kPage;
  if (bytes > 64 && bytes <= 96) return 96;
  if (bytes > 128 && bytes <= 192) return 192;
  return next_power(bytes);
}

uint64_t entry_bytes(const FlowMapShape& shape) {
  uint64_t element = kElementHeader + align(shape.key_bytes) + kFreeListNode;
  if (shape.cpus == 0) return slab_bytes(element + align(shape.value_bytes));
  return slab_bytes(element + kPointer) + shape.cpus * align(shape.value_bytes) + kFreeListNode + kPointer;
}

}  // namespace

uint64_t flow_map_bytes(const FlowMapShape& shape, uint32_t entries) {
  return kHalves * (entries * entry_bytes(shape) + next_power(entries) * kBucket);
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
