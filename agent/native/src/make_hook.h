#pragma once

#include <memory>

#include "collector_options.h"
#include "hook.h"
#include "netlink_socket.h"
#include "traffic_control.h"

namespace vethscope {

/**
 * Attaches a program in the calling thread's namespace. Throws Failure.
 * @param way tcx or clsact @param filters for clsact: a socket of that namespace
 */
std::unique_ptr<Hook> make_hook(AttachWay way, std::shared_ptr<NetlinkSocket> filters, int program_fd,
                                FilterPlace place);

}  // namespace vethscope
