/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The maps that programs and agent share. */
#ifndef VETHSCOPE_MAPS_H
#define VETHSCOPE_MAPS_H

/* Index of the watched namespace: an ifindex is unique in its own namespace only. The agent loads the two programs
 * once per namespace, each time with another constant here and the same maps.
 */
const volatile __u32 netns_index SEC(".rodata.netns");

/* Plain hash, no LRU: an LRU loses counts in silence. Not preallocated: 4 MB against 57 for an idle map. */
struct flow_half {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct flow_key);
	__type(value, struct flow_value);
};

/* The two halves of the flow map. One is live; the agent swaps them, which waits for running programs, so that
 * nobody writes to the half it then reads and empties.
 */
struct flow_half flows_a SEC(".maps");
struct flow_half flows_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct flow_half);
} flows SEC(".maps");

/* Where a new entry is put together: it is too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_value);
} new_flow SEC(".maps");

/* Interfaces have an index here, which the agent gives before it attaches; their counters are at index << 1 | egress.
 * 0 is nobody's. An array, because a hash by interface costs 34 ns a packet.
 */
#define MAX_INTERFACES 2048

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_INTERFACES << 1);
	__type(key, __u32);
	__type(value, struct point_counters);
} points SEC(".maps");

/* That index by ifindex, for this namespace; the few higher ones of a long-lived node take the hash. */
#define NEAR_INTERFACES 16384

__u16 interface_index[NEAR_INTERFACES];

struct far_interface {
	__u32 netns;
	__u32 ifindex;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_INTERFACES);
	__type(key, struct far_interface);
	__type(value, __u32);
} far_interfaces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

#endif
