#include "traffic_control.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>

#include "failure.h"
#include "netlink_attributes.h"

namespace vethscope {

namespace {

constexpr uint32_t kClsactHandle = TC_H_CLSACT & TC_H_MAJ_MASK;

using Request = std::array<char, 512>;

nlmsghdr* start(Request& buffer, uint16_t type, uint32_t ifindex, uint32_t parent, uint32_t handle,
                uint32_t info) {
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = type;
  auto* message = static_cast<tcmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(tcmsg)));
  message->tcm_family = AF_UNSPEC;
  message->tcm_ifindex = static_cast<int>(ifindex);
  message->tcm_parent = parent;
  message->tcm_handle = handle;
  message->tcm_info = info;
  return request;
}

nlmsghdr* start_filter(Request& buffer, uint16_t type, FilterPlace place, uint16_t priority,
                       uint32_t handle) {
  uint32_t side = place.direction == Direction::ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS;
  uint32_t info = TC_H_MAKE(static_cast<uint32_t>(priority) << 16, htons(ETH_P_ALL));
  return start(buffer, type, place.ifindex, TC_H_MAKE(TC_H_CLSACT, side), handle, info);
}

void read_options(const nlattr* options, BpfFilter& filter) {
  for_each_nested(options, [&](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) == TCA_BPF_NAME) filter.name = mnl_attr_get_str(attribute);
    if (mnl_attr_get_type(attribute) == TCA_BPF_ID) filter.program_id = mnl_attr_get_u32(attribute);
  });
}

}  // namespace

std::string ingress_qdisc(NetlinkSocket& socket, uint32_t ifindex) {
  Request buffer = {};
  nlmsghdr* request = start(buffer, RTM_GETQDISC, ifindex, 0, 0, 0);
  std::string kind;
  socket.dump(
      request, "netlink RTM_GETQDISC", [&] { kind.clear(); },
      [&](const nlmsghdr* message) {
        /* The kernel gives every interface's. */
        auto* qdisc = static_cast<const tcmsg*>(mnl_nlmsg_get_payload(message));
        if (static_cast<uint32_t>(qdisc->tcm_ifindex) != ifindex || qdisc->tcm_handle != kClsactHandle)
          return;
        for_each_attribute(message, sizeof(*qdisc), [&](const nlattr* attribute) {
          if (mnl_attr_get_type(attribute) == TCA_KIND) kind = mnl_attr_get_str(attribute);
        });
      });
  return kind;
}

void add_clsact(NetlinkSocket& socket, uint32_t ifindex) {
  Request buffer = {};
  nlmsghdr* request = start(buffer, RTM_NEWQDISC, ifindex, TC_H_CLSACT, kClsactHandle, 0);
  mnl_attr_put_strz(request, TCA_KIND, "clsact");
  socket.change(request, NLM_F_CREATE | NLM_F_EXCL, "netlink RTM_NEWQDISC");
}

std::vector<BpfFilter> list_bpf_filters(NetlinkSocket& socket, FilterPlace place, uint16_t priority) {
  Request buffer = {};
  nlmsghdr* request = start_filter(buffer, RTM_GETTFILTER, place, priority, 0);
  std::vector<BpfFilter> filters;
  socket.dump(
      request, "netlink RTM_GETTFILTER", [&] { filters.clear(); },
      [&](const nlmsghdr* message) {
        auto* entry = static_cast<const tcmsg*>(mnl_nlmsg_get_payload(message));
        BpfFilter filter;
        std::string kind;
        const nlattr* options = nullptr;
        filter.handle = entry->tcm_handle;
        filter.priority = static_cast<uint16_t>(entry->tcm_info >> 16);
        for_each_attribute(message, sizeof(*entry), [&](const nlattr* attribute) {
          if (mnl_attr_get_type(attribute) == TCA_KIND) kind = mnl_attr_get_str(attribute);
          if (mnl_attr_get_type(attribute) == TCA_OPTIONS) options = attribute;
        });
        /* A priority is also told as an entry of its own, without handle. */
        if (filter.handle == 0 || filter.priority != priority || kind != "bpf" || !options) return;
        read_options(options, filter);
        filters.push_back(std::move(filter));
      });
  return filters;
}

void add_bpf_filter(NetlinkSocket& socket, FilterPlace place, const BpfFilter& filter, int program_fd) {
  Request buffer = {};
  nlmsghdr* request = start_filter(buffer, RTM_NEWTFILTER, place, filter.priority, filter.handle);
  mnl_attr_put_strz(request, TCA_KIND, "bpf");
  nlattr* options = mnl_attr_nest_start(request, TCA_OPTIONS);
  mnl_attr_put_u32(request, TCA_BPF_FD, static_cast<uint32_t>(program_fd));
  mnl_attr_put_strz(request, TCA_BPF_NAME, filter.name.c_str());
  mnl_attr_put_u32(request, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
  mnl_attr_nest_end(request, options);
  socket.change(request, NLM_F_CREATE | NLM_F_EXCL, "netlink RTM_NEWTFILTER");
}

void delete_bpf_filter(NetlinkSocket& socket, FilterPlace place, const BpfFilter& filter) {
  /* Priority 0 would mean every filter of the place, handle 0 every filter of the priority. */
  if (filter.priority == 0 || filter.handle == 0) throw Failure(EINVAL, "netlink RTM_DELTFILTER");
  Request buffer = {};
  nlmsghdr* request = start_filter(buffer, RTM_DELTFILTER, place, filter.priority, filter.handle);
  mnl_attr_put_strz(request, TCA_KIND, "bpf");
  socket.change(request, 0, "netlink RTM_DELTFILTER");
}

}  // namespace vethscope
