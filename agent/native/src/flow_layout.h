#pragma once

#include <linux/types.h>

#include <cstddef>

#include "../../../bpf/flow.h"

/* An entry of the flow map as programs see it (bpf/maps.h): struct bpf_spin_lock comes first. */
struct flow_entry {
  __u32 lock;
  __u32 reserved;
  flow_value value;
};

/* agent/src/collector reads records by these offsets; the compiler of either side must agree. */
static_assert(sizeof(flow_key) == 44);
static_assert(offsetof(flow_key, netns) == 32);
static_assert(offsetof(flow_key, low_port) == 36);
static_assert(offsetof(flow_key, high_port) == 38);
static_assert(offsetof(flow_key, protocol) == 40);
static_assert(offsetof(flow_key, family) == 41);
static_assert(offsetof(flow_key, detail) == 42);
static_assert(sizeof(point_slot) == 24);
static_assert(offsetof(point_slot, flags) == 2);
static_assert(offsetof(point_slot, packets) == 4);
static_assert(offsetof(point_slot, bytes) == 8);
static_assert(offsetof(point_slot, first) == 16);
static_assert(offsetof(point_slot, last) == 20);
static_assert(sizeof(side_facts) == 56);
static_assert(offsetof(side_facts, other_cgroup_id) == 8);
static_assert(offsetof(side_facts, srtt_us) == 16);
static_assert(offsetof(side_facts, retransmits) == 20);
static_assert(offsetof(side_facts, seen_retransmits) == 24);
static_assert(offsetof(side_facts, out_of_order) == 28);
static_assert(offsetof(side_facts, zero_windows) == 32);
static_assert(offsetof(side_facts, tunnel) == 36);
static_assert(offsetof(side_facts, outer_port) == 40);
static_assert(offsetof(side_facts, syns) == 42);
static_assert(offsetof(side_facts, dscp) == 44);
static_assert(offsetof(side_facts, cookie) == 48);
static_assert(sizeof(flow_value) == 336);
static_assert(offsetof(flow_value, high) == 56);
static_assert(offsetof(flow_value, syn_time) == 112);
static_assert(offsetof(flow_value, answer_time) == 120);
static_assert(offsetof(flow_value, syn_point) == 128);
static_assert(offsetof(flow_value, answer_point) == 130);
static_assert(offsetof(flow_value, overflow_packets) == 132);
static_assert(offsetof(flow_value, overflow_bytes) == 136);
static_assert(offsetof(flow_value, slots) == 144);
static_assert(sizeof(flow_record) == 384);
static_assert(offsetof(flow_record, value) == 48);
static_assert(offsetof(tally, value) - offsetof(tally, lock) == offsetof(flow_entry, value));
static_assert(offsetof(tallies, tallies) == 8);
static_assert(sizeof(event) == 80);
static_assert(offsetof(event, kind) == 44);
static_assert(offsetof(event, point) == 46);
static_assert(offsetof(event, time) == 48);
static_assert(offsetof(event, ifindex) == 56);
static_assert(offsetof(event, length) == 60);
static_assert(offsetof(event, value) == 64);
static_assert(offsetof(event, packets) == 68);
static_assert(offsetof(event, captured) == 72);
static_assert(offsetof(event, offset) == 76);
static_assert(sizeof(tunnel_key) == 44);
static_assert(sizeof(filter_address) == 24);
static_assert(sizeof(interface_settings) == 2);
