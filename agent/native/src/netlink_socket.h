#pragma once

#include <libmnl/libmnl.h>
#include <linux/netlink.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace vethscope {

/** A netlink socket. It belongs to the namespace of the thread that made it, wherever it is used later. */
class NetlinkSocket {
 public:
  /**
   * @param groups multicast groups (RTNLGRP_, NFNLGRP_) to join
   * @param family NETLINK_ROUTE, NETLINK_SOCK_DIAG, NETLINK_NETFILTER
   */
  explicit NetlinkSocket(const std::vector<int>& groups = {}, int family = NETLINK_ROUTE);
  ~NetlinkSocket();
  NetlinkSocket(const NetlinkSocket&) = delete;
  NetlinkSocket& operator=(const NetlinkSocket&) = delete;

  int fd() const { return mnl_socket_get_fd(socket_); }

  /**
   * Sends a dump request and gives each message of the answer. A dump that changes interrupted is asked for
   * again: `restart` forgets what the broken one gave.
   */
  void dump(nlmsghdr* request, const std::string& call, const std::function<void()>& restart,
            const std::function<void(const nlmsghdr*)>& message);

  /** Sends a request with one answer. */
  void ask(nlmsghdr* request, const std::string& call, const std::function<void(const nlmsghdr*)>& answer);

  /** Sends a request that changes something, and waits for the kernel's word. @param flags NLM_F_CREATE ...
   */
  void change(nlmsghdr* request, uint16_t flags, const std::string& call);

 private:
  enum class Reply { complete, interrupted };
  Reply exchange(nlmsghdr* request, const std::string& call,
                 const std::function<void(const nlmsghdr*)>& message);

  mnl_socket* socket_;
  uint32_t sequence_ = 0;
};

}  // namespace vethscope
