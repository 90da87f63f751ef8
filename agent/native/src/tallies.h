#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bpf_object.h"
#include "flow_layout.h"

namespace vethscope {

/** What CPUs count before it goes to the flow map: one set of tallies before each half. */
class Tallies {
 public:
  /** Makes those of half 0 the live ones. */
  explicit Tallies(std::shared_ptr<BpfObject> object);

  /** Makes the other half live; the kernel returns when no program can still write to the one that is given
   * back. */
  size_t swap();

  /**
   * Empties the tallies of a retired half into its records, from a byte offset on: each into the record of
   * its flow, else behind them. A flow has a second record only where one has no room for all its points.
   */
  void take(size_t retired, std::vector<uint8_t>& records, size_t offset);

 private:
  void read(size_t half);
  void clear(size_t half);
  bool gather();
  void add_to(flow_record& record);
  void add_left(std::vector<uint8_t>& records);

  std::shared_ptr<BpfObject> object_;
  std::array<int, 2> maps_;
  size_t live_ = 0;
  std::vector<tallies> of_cpus_;
  std::vector<tallies> empty_;
  /** Those in use, by their place among the tallies; of several CPUs. */
  std::array<std::vector<tally*>, TALLIES> taken_;
};

}  // namespace vethscope
