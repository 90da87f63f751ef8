#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bpf_object.h"
#include "collector_options.h"
#include "hook.h"

namespace vethscope {

/** What the options leave open, by what this kernel has. */
CollectorOptions choose_by_kernel(CollectorOptions options);

/** Entries of one half of the flow map. */
uint32_t capacity_of(const CollectorOptions& options);

const char* program_name(Direction direction);

/**
 * Loads the collector for one watched namespace. Throws Failure with the verifier's log.
 * @param options as chosen: no `automatic` is left @param first the object whose maps this one shares, or
 * null
 */
std::shared_ptr<BpfObject> load_collector(const std::vector<char>& image, const CollectorOptions& options,
                                          uint32_t netns_index, const BpfObject* first);

}  // namespace vethscope
