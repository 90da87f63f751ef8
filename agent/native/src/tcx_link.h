#pragma once

#include <cstdint>
#include <string>

#include "descriptor.h"
#include "network_namespace.h"

namespace vethscope {

enum class Direction { ingress, egress };

/**
 * Links a program to one interface and direction of a namespace, before every program already there: whoever
 * redirects a packet ends the chain. The link lives as long as its descriptor. Throws Failure.
 */
Descriptor create_tcx_link(const NamespaceResource& netns, int program_fd, uint32_t ifindex,
                           Direction direction);

/** The kernel's id of a link, as bpftool prints it. */
uint32_t link_id(int link_fd);

}  // namespace vethscope
