#pragma once

#include <libmnl/libmnl.h>

#include "netlink_tables.h"

namespace vethscope {

/** Reads IFLA_LINKINFO: the kind, and what the kinds tell of themselves and of their ports. */
void read_link_info(const nlattr* info, Link& link);

}  // namespace vethscope
