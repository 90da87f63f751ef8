#pragma once

#include "netlink_tables.h"
#include "point_map.h"

namespace vethscope {

/** What the programs have to know of an interface before they are attached to it. */
interface_settings settings_of(const Link& link);

DeviceIdentity identity_of(const Link& link);

}  // namespace vethscope
