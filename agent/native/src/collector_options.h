#pragma once

#include <napi.h>

#include <cstdint>
#include <string>

namespace vethscope {

/** How programs are attached; `automatic` takes TCX where the kernel has it. */
enum class AttachWay { automatic, tcx, clsact };

struct CollectorOptions {
  std::string object_path;
  uint32_t max_flows;
  uint64_t map_bytes; /* 0: max_flows decides */
  uint32_t ring_bytes;
  uint32_t max_interfaces; /* 0: as many as there are indexes */
  AttachWay attach;
};

/** An option of at least 1, in 32 bits; throws TypeError. */
uint32_t whole_number(const Napi::Object& options, const char* name);

/** JavaScript's CollectorOptions (index.d.ts); throws TypeError. */
CollectorOptions read_collector_options(const Napi::CallbackInfo& info);

const char* to_word(AttachWay way);

}  // namespace vethscope
