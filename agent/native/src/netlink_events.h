#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "netlink_socket.h"
#include "network_namespace.h"

namespace vethscope {

/** rtnetlink's multicast messages of a namespace. */
class NetlinkEvents {
 public:
  enum class Received { messages, nothing, overrun };
  enum class Scope { own, with_ids };

  /**
   * Throws Failure.
   * @param groups RTNLGRP_ @param scope with_ids: also of the namespaces that this one has ids for
   */
  NetlinkEvents(const NamespaceResource& netns, const std::vector<int>& groups, Scope scope);

  int fd() const { return socket_->fd(); }

  /**
   * Takes what the kernel hands over at once, without waiting.
   * @param message gets each with the id of the namespace that it is about; -1 for the socket's own
   */
  Received receive(const std::function<void(const nlmsghdr*, int32_t)>& message) const;

 private:
  std::unique_ptr<NetlinkSocket> socket_;
};

}  // namespace vethscope
