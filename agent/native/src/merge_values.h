#pragma once

#include <cstddef>

#include "flow_layout.h"

namespace vethscope {

/** Whether the points that the values have between them fit into the slots of one. */
bool fit_one_value(const flow_value* values, size_t count);

/**
 * One value from what several CPUs counted of a conversation, slots joined by observation point.
 * @param values fit_one_value(); those of CPUs that did not count are zero
 */
flow_value merge_values(const flow_value* values, size_t count);

}  // namespace vethscope
