#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bpf_object.h"
#include "flow_layout.h"
#include "mapped_data.h"

namespace vethscope {

/** An address with a prefix length of 0 to 128; IPv4 is ::ffff:a.b.c.d/96 and up. */
struct AddressRange {
  uint8_t address[16];
  uint32_t bits;
};

/** Which packets are wanted. A condition without members is not asked. */
struct FilterConditions {
  std::vector<AddressRange> addresses;
  std::vector<uint16_t> ports;
  std::vector<uint8_t> protocols;
  std::vector<uint32_t> interfaces; /* their indices */
  bool unconditional() const {
    return addresses.empty() && ports.empty() && protocols.empty() && interfaces.empty();
  }
};

/** What the agent tells the running programs (bpf/flow.h struct control). */
class Control {
 public:
  explicit Control(std::shared_ptr<BpfObject> object);

  /** Takes effect at once and as a whole: a packet meets the old filter or the new one. Throws E2BIG. */
  void set_filter(const FilterConditions& wanted);
  void start_capture(const FilterConditions& wanted, uint32_t snap_length, uint32_t per_second);
  void stop_capture();
  /** @param per_second events of a kind at each point and CPU */
  void set_limit(event_kind kind, uint32_t per_second);
  void set_tunnel_port(uint16_t port, tunnel_kind kind);
  /** Tunnels seen so far: struct tunnel_key and uint32 id each, packed. */
  std::vector<uint8_t> tunnels() const;

 private:
  void write_filter(uint32_t number, const FilterConditions& wanted);
  void forget_addresses(uint32_t number);

  std::shared_ptr<BpfObject> object_;
  MappedData data_;
  std::vector<AddressRange> addresses_[FILTERS];
};

}  // namespace vethscope
