#pragma once

#include <napi.h>

#include <cstdint>
#include <string>

namespace vethscope {

/** How programs are attached; `automatic` takes TCX where the kernel has it. */
enum class AttachWay { automatic, tcx, clsact };

/** One value of an entry for all CPUs or one for each; `automatic` shares where the kernel has the atomics.
 */
enum class Counters { automatic, shared, per_cpu };

struct CollectorOptions {
  std::string object_path;
  uint32_t max_flows;
  uint64_t map_bytes; /* 0: max_flows decides */
  uint32_t ring_bytes;
  uint32_t max_interfaces; /* 0: as many as there are indexes */
  bool preallocate;
  AttachWay attach;
  Counters counters;
};

/** An option of at least 1, in 32 bits; throws TypeError. */
uint32_t whole_number(const Napi::Object& options, const char* name);

/** JavaScript's CollectorOptions (index.d.ts); throws TypeError. */
CollectorOptions read_collector_options(const Napi::CallbackInfo& info);

const char* to_word(AttachWay way);
const char* to_word(Counters counters);

}  // namespace vethscope
