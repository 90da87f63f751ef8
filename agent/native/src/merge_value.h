#pragma once

#include "flow_layout.h"

namespace vethscope {

/**
 * Adds what was counted of a conversation elsewhere, slots joined by observation point, as the kernel does
 * with a tally (bpf/settle.h). False, with nothing added, where the points of both do not fit into the slots
 * of one.
 */
bool merge_value(flow_value& merged, const flow_value& from);

}  // namespace vethscope
