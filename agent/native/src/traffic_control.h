#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hook.h"
#include "netlink_socket.h"

namespace vethscope {

/** One legacy BPF filter (cls_bpf) of an interface and direction. */
struct BpfFilter {
  uint16_t priority = 0;
  uint32_t handle = 0;
  std::string name;
  uint32_t program_id = 0;
};

/** Where filters are: one interface and direction of the namespace that a socket belongs to. */
struct FilterPlace {
  uint32_t ifindex;
  Direction direction;
};

/** Kind of the qdisc that holds an interface's ingress filters (clsact or ingress); empty when there is none.
 */
std::string ingress_qdisc(NetlinkSocket& socket, uint32_t ifindex);

/** Throws Failure, EEXIST when the interface has one (or an ingress qdisc) already. */
void add_clsact(NetlinkSocket& socket, uint32_t ifindex);

/** The BPF filters of one priority; none where the interface or its qdisc is gone. */
std::vector<BpfFilter> list_bpf_filters(NetlinkSocket& socket, FilterPlace place, uint16_t priority);

/** Adds a direct-action filter for all protocols; EEXIST when the priority has this handle already. */
void add_bpf_filter(NetlinkSocket& socket, FilterPlace place, const BpfFilter& filter, int program_fd);

/** Deletes the one filter of this priority and handle. Throws Failure, also when there is none. */
void delete_bpf_filter(NetlinkSocket& socket, FilterPlace place, const BpfFilter& filter);

}  // namespace vethscope
