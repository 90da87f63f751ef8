#pragma once

#include <linux/types.h>

#include <cstddef>

#include "../../../bpf/flow.h"

/* agent/src/collector reads records by these offsets; the compiler of either side must agree. */
static_assert(sizeof(flow_key) == 44);
static_assert(offsetof(flow_key, netns) == 32);
static_assert(offsetof(flow_key, low_port) == 36);
static_assert(offsetof(flow_key, high_port) == 38);
static_assert(offsetof(flow_key, protocol) == 40);
static_assert(offsetof(flow_key, family) == 41);
static_assert(offsetof(flow_key, icmp) == 42);
static_assert(sizeof(point_slot) == 40);
static_assert(offsetof(point_slot, packets) == 8);
static_assert(offsetof(point_slot, bytes) == 16);
static_assert(offsetof(point_slot, first) == 24);
static_assert(offsetof(point_slot, last) == 32);
static_assert(sizeof(side_facts) == 32);
static_assert(offsetof(side_facts, cookie) == 8);
static_assert(offsetof(side_facts, srtt_us) == 16);
static_assert(offsetof(side_facts, retransmits) == 20);
static_assert(offsetof(side_facts, dscp) == 24);
static_assert(sizeof(flow_value) == 400);
static_assert(offsetof(flow_value, high) == 32);
static_assert(offsetof(flow_value, overflow_packets) == 64);
static_assert(offsetof(flow_value, overflow_bytes) == 72);
static_assert(offsetof(flow_value, slots) == 80);
static_assert(sizeof(flow_record) == 448);
static_assert(offsetof(flow_record, value) == 48);
static_assert(sizeof(flow_event) == 64);
static_assert(offsetof(flow_event, point) == 44);
static_assert(offsetof(flow_event, time) == 48);
static_assert(offsetof(flow_event, tcp_flags) == 56);
static_assert(offsetof(flow_event, sequence) == 60);
