#pragma once

#include <cstddef>

#include "flow_layout.h"

namespace vethscope {

/**
 * One value from what each CPU counted of a conversation. Slots are joined by observation point; a point for
 * which no slot is left goes to the overflow.
 * @param cpus values, one a CPU; those that did not count are zero
 */
flow_value merge_cpus(const flow_value* values, size_t cpus);

}  // namespace vethscope
