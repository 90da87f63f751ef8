#include "control.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "../../../bpf/filter_hash.h"
#include "failure.h"

namespace vethscope {

namespace {

/* Limits are for windows of 2^28 ns. */
constexpr uint64_t kWindow = 1 << 28;
constexpr uint64_t kSecond = 1000000000;
constexpr uint32_t kAddressBits = 128;
constexpr uint32_t kFilterNumberBits = 32;

void set_bit(__u64* set, uint32_t bit) { set[bit >> 6] |= uint64_t{1} << (bit & 63); }

uint16_t hash_of(const AddressRange& range) {
  uint32_t words[4];
  std::memcpy(words, range.address, sizeof(words));
  return filter_hash(words[0], words[1], words[2], words[3]);
}

filter_address key_of(uint32_t number, const AddressRange& range) {
  filter_address key = {kFilterNumberBits + range.bits, number, {}};
  std::memcpy(key.address, range.address, sizeof(key.address));
  return key;
}

uint32_t per_window(uint32_t per_second) {
  return static_cast<uint32_t>(
      std::min<uint64_t>((per_second * kWindow + kSecond - 1) / kSecond, UINT32_MAX));
}

}  // namespace

Control::Control(std::shared_ptr<BpfObject> object)
    : object_(std::move(object)), data_(object_->map(".data.control")) {}

void Control::set_filter(const FilterConditions& wanted) {
  auto* settings = data_.as<control>();
  uint32_t next = FILTER_NONE;
  if (!wanted.unconditional()) {
    next = settings->live_filter == FILTER_FLOWS_A ? FILTER_FLOWS_B : FILTER_FLOWS_A;
    write_filter(next, wanted);
  }
  /* What the filter before has stays until its turn comes again: a program may still be reading it. */
  __atomic_store_n(&settings->live_filter, next, __ATOMIC_SEQ_CST);
}

void Control::start_capture(const FilterConditions& wanted, uint32_t snap_length, uint32_t per_second) {
  auto* settings = data_.as<control>();
  stop_capture();
  write_filter(FILTER_CAPTURE, wanted);
  settings->snap_length = snap_length;
  set_limit(EVENT_CAPTURE, per_second);
  __atomic_store_n(&settings->capture, 1, __ATOMIC_SEQ_CST);
}

void Control::stop_capture() { __atomic_store_n(&data_.as<control>()->capture, 0, __ATOMIC_SEQ_CST); }

void Control::set_limit(event_kind kind, uint32_t per_second) {
  __atomic_store_n(&data_.as<control>()->limits[kind], per_window(per_second), __ATOMIC_SEQ_CST);
}

void Control::set_tunnel_port(uint16_t port, tunnel_kind kind) {
  data_.as<control>()->tunnel_ports[port] = static_cast<uint8_t>(kind);
}

void Control::write_filter(uint32_t number, const FilterConditions& wanted) {
  packet_filter& filter = data_.as<control>()->filters[number];
  forget_addresses(number);
  std::memset(&filter, 0, sizeof(filter));
  for (const AddressRange& range : wanted.addresses) {
    filter_address key = key_of(number, range);
    uint8_t present = 1;
    int error = bpf_map_update_elem(object_->map_fd("filter_addresses"), &key, &present, BPF_ANY);
    if (error != 0) throw Failure(error == -ENOSPC ? E2BIG : -error, "bpf_map_update_elem").about("filter");
    addresses_[number].push_back(range);
    if (range.bits == kAddressBits) set_bit(filter.hashes, hash_of(range));
    filter.conditions |= range.bits == kAddressBits ? FILTER_ADDRESSES : FILTER_ADDRESSES | FILTER_PREFIXES;
  }
  for (uint16_t port : wanted.ports) set_bit(filter.ports, port);
  for (uint8_t protocol : wanted.protocols) set_bit(filter.protocols, protocol);
  for (uint32_t index : wanted.interfaces) set_bit(filter.interfaces, index);
  if (!wanted.ports.empty()) filter.conditions |= FILTER_PORTS;
  if (!wanted.protocols.empty()) filter.conditions |= FILTER_PROTOCOLS;
  if (!wanted.interfaces.empty()) filter.conditions |= FILTER_INTERFACES;
}

void Control::forget_addresses(uint32_t number) {
  for (const AddressRange& range : addresses_[number]) {
    filter_address key = key_of(number, range);
    int error = bpf_map_delete_elem(object_->map_fd("filter_addresses"), &key);
    /* The same range may have been asked for twice. */
    if (error != 0 && error != -ENOENT) throw Failure(-error, "bpf_map_delete_elem").about("filter");
  }
  addresses_[number].clear();
}

std::vector<uint8_t> Control::tunnels() const {
  std::vector<uint8_t> found;
  int fd = object_->map_fd("tunnels");
  tunnel_key key;
  const tunnel_key* before = nullptr;
  while (bpf_map_get_next_key(fd, before, &key) == 0) {
    uint32_t id = 0;
    if (bpf_map_lookup_elem(fd, &key, &id) == 0) {
      const auto* bytes = reinterpret_cast<const uint8_t*>(&key);
      found.insert(found.end(), bytes, bytes + sizeof(key));
      const auto* number = reinterpret_cast<const uint8_t*>(&id);
      found.insert(found.end(), number, number + sizeof(id));
    }
    before = &key;
  }
  return found;
}

}  // namespace vethscope
