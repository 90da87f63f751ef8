#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "bpf_object.h"
#include "flow_layout.h"
#include "tallies.h"

namespace vethscope {

/** One drain's records (flow_layout.h flow_record, packed) and the time of the swap. */
struct Drained {
  std::vector<uint8_t> records;
  uint64_t monotonic = 0;
  uint64_t realtime = 0;
};

/** The flow map's two halves and the tallies before them. Drains come one at a time and may run on any
 * thread. */
class FlowMaps {
 public:
  /** Makes half a of the object's maps the live one. */
  explicit FlowMaps(std::shared_ptr<BpfObject> object);

  /**
   * Makes the other half live; the kernel returns when no program can still write to the retired one, which
   * is then read to its end and emptied, with its tallies. What a failing drain had read comes with the next.
   */
  Drained drain();
  int ring_fd() const { return object_->map_fd("events"); }

 private:
  void read_retired(int half);
  bool read_batch(int half, bool first);

  std::shared_ptr<BpfObject> object_;
  std::array<int, 2> halves_;
  Tallies tallies_;
  std::vector<uint8_t> records_;
  std::vector<flow_key> keys_;
  std::vector<flow_entry> entries_;
  uint32_t position_ = 0;
};

}  // namespace vethscope
