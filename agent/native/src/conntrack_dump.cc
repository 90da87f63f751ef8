#include "conntrack_dump.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>

#include "conntrack_message.h"

namespace vethscope {

ConntrackDump::ConntrackDump(Napi::Env env, NamespaceResource& netns, bool translated_only)
    : PromiseWorker(env, "vethscope conntrack"),
      netns_path_(netns.path()),
      translated_only_(translated_only) {
  netns.run([this] { socket_ = std::make_unique<NetlinkSocket>(std::vector<int>{}, NETLINK_NETFILTER); });
}

void ConntrackDump::work() {
  std::array<char, 256> buffer = {};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
  auto* query = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(nfgenmsg)));
  query->nfgen_family = AF_UNSPEC;
  query->version = NFNETLINK_V0;
  try {
    socket_->dump(
        request, "netlink IPCTNL_MSG_CT_GET", [this] { records_.clear(); },
        [this](const nlmsghdr* message) {
          auto record = read_conntrack(message, true);
          if (record && (record->is_translated() || !translated_only_)) records_.push_back(*record);
        });
  } catch (Failure& failure) {
    throw failure.in_namespace(netns_path_);
  }
}

Napi::Value ConntrackDump::result(Napi::Env env) {
  auto* bytes = reinterpret_cast<const uint8_t*>(records_.data());
  return Napi::Buffer<uint8_t>::Copy(env, bytes, records_.size() * sizeof(ConntrackRecord));
}

}  // namespace vethscope
