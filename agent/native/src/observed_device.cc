#include "observed_device.h"

#include <linux/if_arp.h>

namespace vethscope {

namespace {

constexpr uint32_t kEthernetHeader = 14;
/** Devices above others, which see again what these have seen. */
constexpr const char* kUpperKinds[] = {"bridge", "vlan", "macvlan", "macvtap",
                                       "ipvlan", "bond", "team",    "vrf"};

/** Where packets enter what is watched: not at a device above others, and not a second time at a loopback. */
uint8_t entrance_of(const Link& link) {
  for (const char* kind : kUpperKinds) {
    if (link.kind == kind) return 0;
  }
  return link.type == ARPHRD_LOOPBACK ? INTERFACE_SENDS : INTERFACE_RECEIVES | INTERFACE_SENDS;
}

}  // namespace

/** The link header is Ethernet's or none: tunnels, tun, WireGuard. */
interface_settings settings_of(const Link& link) {
  bool ethernet = link.type == ARPHRD_ETHER || link.type == ARPHRD_LOOPBACK;
  return {static_cast<uint8_t>(ethernet ? kEthernetHeader : 0), entrance_of(link)};
}

DeviceIdentity identity_of(const Link& link) { return {link.name, link.kind, link.type, link.mac}; }

}  // namespace vethscope
