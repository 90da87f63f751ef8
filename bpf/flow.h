/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What kernel and user space share: the flow map's key and value, point counters and events. Host byte order
 * throughout. The agent reads these by offset (agent/src/collector/flowLayout.ts); the addon asserts the offsets.
 */
#ifndef VETHSCOPE_FLOW_H
#define VETHSCOPE_FLOW_H

#define POINT_SLOTS 8
/* In point_slot.tcp_flags: the sender began the conversation here (a SYN without ACK, an ICMP echo request). The OR of
 * flag bytes alone cannot tell client from server once both sent SYN and ACK.
 */
#define POINT_OPENED 0x100

/* One conversation: both directions share an entry. The lower (address, port) comes first; IPv4 is ::ffff:a.b.c.d. */
struct flow_key {
	__u8 low_address[16];
	__u8 high_address[16];
	__u32 netns; /* index that the addon gave the namespace */
	__u16 low_port; /* ICMP echo: the id, on both sides */
	__u16 high_port;
	__u8 protocol;
	__u8 family; /* 4 or 6 */
	__u16 icmp; /* type << 8 | code; an echo reply carries the request's type */
};

/* One observation point in one direction of the conversation. */
struct point_slot {
	__u32 point; /* ifindex << 2 | egress << 1 | from_high; 0 is free */
	__u32 tcp_flags; /* OR of the flag bytes, and POINT_OPENED */
	__u64 packets; /* wire packets */
	__u64 bytes; /* layer-2 bytes on the wire, without FCS */
	__u64 first; /* coarse CLOCK_MONOTONIC, ns */
	__u64 last;
};

/* What a sender's own socket told, where the packet still carried it. */
struct side_facts {
	__u64 cgroup_id; /* 0: no socket seen */
	__u64 cookie;
	__u32 srtt_us; /* smoothed, as tcp_info has it */
	__u32 retransmits; /* segments, total of the connection */
	__u32 dscp;
	__u32 reserved;
};

struct flow_value {
	struct side_facts low;
	struct side_facts high;
	__u64 overflow_packets; /* counted at points beyond the slots */
	__u64 overflow_bytes;
	struct point_slot slots[POINT_SLOTS];
};

/* One drained entry: 44 + 4 + 400 bytes. */
struct flow_record {
	struct flow_key key;
	__u32 reserved;
	struct flow_value value;
};

enum unparsed_cause {
	UNPARSED_NOT_IP,
	UNPARSED_TRUNCATED,
	UNPARSED_IP_OPTIONS,
	UNPARSED_EXTENSION_HEADER,
	UNPARSED_FRAGMENT,
	UNPARSED_PROTOCOL,
	UNPARSED_BAD_HEADER,
	UNPARSED_CAUSES,
};

/* Of one interface and direction. buffers = kernel buffers (skbs); the rest are wire packets.
 * packets = counted + sum(unparsed) + map_full.
 */
struct point_counters {
	__u64 buffers;
	__u64 packets;
	__u64 bytes;
	__u64 counted;
	__u64 map_full;
	__u64 points_overflow;
	__u64 events_lost;
	__u64 unparsed[UNPARSED_CAUSES];
	__u64 link_header; /* bytes of the device's link header; 0 where packets start with the IP header */
};

/* A rare packet with its exact time: TCP SYN, SYN-ACK and RST. */
struct flow_event {
	struct flow_key key;
	__u32 point; /* as in point_slot */
	__u64 time; /* CLOCK_MONOTONIC, ns, exact */
	__u32 tcp_flags;
	__u32 sequence;
};

#endif
