/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The maps that programs and agent share. */
#ifndef VETHSCOPE_MAPS_H
#define VETHSCOPE_MAPS_H

/* Index of the watched namespace: an ifindex is unique in its own namespace only. The agent loads the programs once
 * per namespace, each time with another constant here and the same maps.
 */
const volatile __u32 netns_index SEC(".rodata.netns");

/* 1 where the programs are legacy filters, which stay when the agent is killed; TCX links go with it and pay nothing.
 */
const volatile __u32 has_lease SEC(".rodata.lease");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lease);
} lease SEC(".maps");

/* What is the same for all namespaces. Plain loads: no lookup. */
struct control control SEC(".data.control");

/* The flow map: a plain hash, no LRU, which loses counts in silence. It has two halves, one of them live: nobody writes
 * to the other while the agent reads and empties it.
 */
struct flow_entry {
	struct bpf_spin_lock lock;
	__u32 reserved;
	struct flow_value value;
};

struct flow_half {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow_key);
	__type(value, struct flow_entry);
};

struct flow_half flows_a SEC(".maps");
struct flow_half flows_b SEC(".maps");

/* In front of each half, for each CPU: a packet passes several points one after the other, so that its flow's last
 * count is nearly always the same CPU's. There it costs neither a lookup by key nor a lock.
 */
struct half_tallies {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tallies);
};

struct half_tallies tallies_a SEC(".maps");
struct half_tallies tallies_b SEC(".maps");

/* The tallies of the live half, which say which half that is. The agent swaps them; the update waits for running
 * programs.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct half_tallies);
} live_tallies SEC(".maps");

/* Counters at interface index << 1 | egress. An array, because a hash by interface costs 34 ns a packet. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_INTERFACES << 1);
	__type(key, __u32);
	__type(value, struct point_counters);
} points SEC(".maps");

/* An interface's index and settings by ifindex, for this namespace; the few higher ones of a long-lived node take the
 * hash. Index 0 is nobody's.
 */
#define NEAR_INTERFACES 16384

struct interface_entry {
	__u16 index;
	struct interface_settings settings;
};

struct interface_entry near_interfaces[NEAR_INTERFACES];

struct far_interface {
	__u32 netns;
	__u32 ifindex;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_INTERFACES);
	__type(key, struct far_interface);
	__type(value, struct interface_entry);
} far_interfaces SEC(".maps");

/* Which flow a fragmented packet belongs to, from its first fragment. LRU: one whose first is forgotten is counted
 * without ports, and so is said to be.
 */
struct fragment_key {
	__u8 source[16];
	__u8 destination[16];
	__u32 netns;
	__u32 identification;
	__u8 next_header; /* as every fragment carries it */
	__u8 reserved[3];
};

struct fragment_flow {
	__u16 source_port;
	__u16 destination_port;
	__u16 detail;
	__u8 protocol; /* of the transport, behind extension headers */
	__u8 reserved;
	__u32 time; /* coarse, 2^20 ns */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct fragment_key);
	__type(value, struct fragment_flow);
} fragments SEC(".maps");

/* Ids of tunnels. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct tunnel_key);
	__type(value, __u32);
} tunnels SEC(".maps");

/* Where the sequence numbers of a sender without a socket here stand. LRU: who is forgotten starts anew, and a segment
 * sent again just then is taken for a first one.
 */
struct stream_side {
	__u32 next; /* sequence number behind the furthest byte seen */
	__u32 gap_start; /* bytes skipped and not yet seen */
	__u32 gap_end;
	__u32 known;
};

struct stream {
	struct stream_side low;
	struct stream_side high;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct flow_key);
	__type(value, struct stream);
} streams SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

#endif
