#include "flow_maps.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <ctime>

#include "failure.h"

namespace vethscope {

namespace {

constexpr size_t kBatch = 4096;

uint64_t nanoseconds(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000 + static_cast<uint64_t>(time.tv_nsec);
}

}  // namespace

FlowMaps::FlowMaps(std::shared_ptr<BpfObject> object)
    : object_(std::move(object)),
      halves_({object_->map_fd("flows_a"), object_->map_fd("flows_b")}),
      tallies_(object_) {}

Drained FlowMaps::drain() {
  size_t retired = tallies_.swap();

  Drained drained;
  drained.monotonic = nanoseconds(CLOCK_MONOTONIC);
  drained.realtime = nanoseconds(CLOCK_REALTIME);
  size_t before = records_.size();
  read_retired(halves_[retired]);
  tallies_.take(retired, records_, before);
  drained.records.swap(records_);
  return drained;
}

void FlowMaps::read_retired(int half) {
  if (keys_.empty()) {
    keys_.resize(kBatch);
    entries_.resize(kBatch);
  }
  bool more = read_batch(half, true);
  while (more) more = read_batch(half, false);
}

/** Reads and deletes a batch; false when it was the last. */
bool FlowMaps::read_batch(int half, bool first) {
  uint32_t count = static_cast<uint32_t>(keys_.size());
  uint32_t next = position_;
  int error = bpf_map_lookup_and_delete_batch(half, first ? nullptr : &position_, &next, keys_.data(),
                                              entries_.data(), &count, nullptr);
  if (error == -ENOSPC) {
    /* A hash bucket with more entries than the buffers hold. */
    keys_.resize(keys_.size() * 2);
    entries_.resize(entries_.size() * 2);
    return read_batch(half, first);
  }
  if (error != 0 && error != -ENOENT) {
    throw Failure(-error, "bpf_map_lookup_and_delete_batch").about("map flows");
  }
  position_ = next;

  size_t offset = records_.size();
  records_.resize(offset + count * sizeof(flow_record));
  auto* record = reinterpret_cast<flow_record*>(records_.data() + offset);
  for (uint32_t i = 0; i < count; ++i, ++record) {
    record->key = keys_[i];
    record->value = entries_[i].value;
  }
  return error == 0;
}

}  // namespace vethscope
