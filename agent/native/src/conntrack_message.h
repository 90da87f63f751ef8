#pragma once

#include <libmnl/libmnl.h>

#include <optional>

#include "conntrack_record.h"

namespace vethscope {

/** Reads a message of ctnetlink; nothing where it is no entry of IPv4 or IPv6. */
std::optional<ConntrackRecord> read_conntrack(const nlmsghdr* message, bool listed);

}  // namespace vethscope
