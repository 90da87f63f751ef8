/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What kernel and user space share: the flow map's key and value, point counters and settings. Host byte order
 * throughout. The agent reads these by offset (agent/src/collector/flowLayout.ts); the addon asserts the offsets.
 */
#ifndef VETHSCOPE_FLOW_H
#define VETHSCOPE_FLOW_H

#define POINT_SLOTS 8
/* In point_slot.flags: the sender began the conversation here (a SYN without ACK, an ICMP echo request). The OR of
 * flag bytes alone cannot tell client from server once both sent SYN and ACK.
 */
#define POINT_OPENED 0x100
/* In flow_key.detail: a later fragment whose first was not seen; nobody knows its ports. */
#define DETAIL_FRAGMENT 0xffff

/* One conversation: both directions share an entry. The lower (address, port) comes first; IPv4 is ::ffff:a.b.c.d.
 * A protocol without ports has 0 in both.
 */
struct flow_key {
	__u8 low_address[16];
	__u8 high_address[16];
	__u32 netns; /* index that the addon gave the namespace */
	__u16 low_port; /* ICMP echo: the id, on both sides; ESP and AH: upper half of the SPI */
	__u16 high_port; /* ESP and AH: lower half of the SPI */
	__u8 protocol;
	__u8 family; /* 4 or 6 */
	/* ICMP: type << 8 | code, an echo reply carrying the request's type; IGMP: type << 8; GRE: protocol type */
	__u16 detail;
};

/* Bits of a point. The rest is the interface's index, which the addon gives and does not give twice. */
#define POINT_FROM_HIGH 1
#define POINT_EGRESS 2
#define POINT_INNER 4 /* inside a tunnel's packet */
#define POINT_SHIFT 3

/* One observation point in one direction of the conversation. */
struct point_slot {
	__u16 point; /* 0 is free */
	__u16 flags; /* OR of the TCP flag bytes, and POINT_OPENED */
	__u32 packets; /* wire packets */
	__u64 bytes; /* layer-2 bytes on the wire, without FCS */
	__u32 first; /* CLOCK_MONOTONIC, coarse, in units of 2^20 ns */
	__u32 last;
};

/* What is known of one sender: from its own socket where the packet still carried it, else from its packets where
 * they enter what we watch.
 */
struct side_facts {
	__u64 cgroup_id; /* 0: no socket seen */
	__u64 other_cgroup_id; /* of a further socket that sent as the same side, 0 for none */
	__u32 srtt_us; /* smoothed, as tcp_info has it */
	__u32 retransmits; /* segments, total of the connection, as the socket has it */
	__u32 seen_retransmits; /* segments whose range had passed before; only of senders without a socket here */
	__u32 out_of_order; /* segments that filled a gap; only of senders without a socket here */
	__u32 zero_windows; /* packets that announced a full receive buffer */
	__u32 tunnel; /* id of the tunnel that carries this direction, 0 for none */
	__u16 outer_port; /* source port of the tunnel's packets */
	__u16 syns; /* SYN or SYN-ACK packets */
	__u8 dscp;
	__u8 reserved[3];
	__u64 cookie; /* of the socket that cgroup_id is of, 0: no socket seen */
};

struct flow_value {
	struct side_facts low;
	struct side_facts high;
	__u64 syn_time; /* exact CLOCK_MONOTONIC, ns; 0 for none */
	__u64 answer_time; /* of the SYN-ACK */
	__u16 syn_point;
	__u16 answer_point;
	__u32 overflow_packets; /* counted at points beyond the slots */
	__u64 overflow_bytes;
	struct point_slot slots[POINT_SLOTS];
};

/* What one CPU counts of one of its last flows, before it goes to the flow map. */
struct tally {
	struct flow_key key;
	__u32 taken; /* it is in use */
	__u64 lock; /* room, so that from here on it is as an entry of the flow map */
	struct flow_value value;
};

/* A power of two. All are the value of a per-CPU map, which may have 32 kB. */
#define TALLIES 64

struct tallies {
	__u32 half; /* of the flow map, where they go */
	__u32 number; /* a place to work */
	struct tally tallies[TALLIES];
};

/* One drained entry: 44 + 4 + 336 bytes. */
struct flow_record {
	struct flow_key key;
	__u32 reserved;
	struct flow_value value;
};

enum unparsed_cause {
	UNPARSED_ARP,
	UNPARSED_NOT_IP,
	UNPARSED_TRUNCATED,
	UNPARSED_VLAN_DEPTH,
	UNPARSED_EXTENSION_HEADER,
	UNPARSED_BAD_HEADER,
	UNPARSED_CAUSES,
};

enum event_kind {
	EVENT_ICMP_ERROR = 1, /* key: the flow it quotes; value: type << 8 | code; data: the reporter's address */
	EVENT_DNS, /* data: payload; value: TCP sequence number of its first byte, 0 for UDP */
	EVENT_CAPTURE, /* data: the frame from its link header on */
	EVENT_DROP, /* value: reason; no data */
	EVENT_SAMPLE, /* value: cause; data: the first bytes of a packet that was not parsed */
	EVENT_KINDS,
};

/* Of one interface and direction. buffers = kernel buffers (skbs); the rest are wire packets.
 * packets = counted + sum(unparsed) + map_full + filtered. Packets inside tunnels are beside that sum.
 */
struct point_counters {
	__u64 buffers;
	__u64 packets;
	__u64 bytes;
	__u64 counted;
	__u64 map_full;
	__u64 filtered; /* did not match the filter */
	__u64 points_overflow; /* counted in a flow, at a point beyond its slots */
	__u64 events_lost; /* no room in the ring */
	__u64 inner_counted;
	__u64 inner_unparsed;
	__u64 inner_map_full;
	__u64 inner_overflow; /* counted in a flow, at a point beyond its slots */
	__u64 loose_fragments; /* counted, in a flow without ports */
	__u64 unparsed[UNPARSED_CAUSES];
	__u64 suppressed[EVENT_KINDS]; /* events beyond the rate */
};

/* What the programs know of an interface. */
struct interface_settings {
	__u8 link_header; /* bytes; 0 where packets start with the IP header */
	__u8 entrance; /* INTERFACE_ bits */
};

/* Packets enter what we watch here: not a second time, as on a bridge above its ports. */
#define INTERFACE_RECEIVES 1
#define INTERFACE_SENDS 2

/* A rare packet, `captured` bytes of data behind it; the next event begins at a multiple of 8. */
struct event {
	struct flow_key key; /* canonical; zeros where there is none */
	__u16 kind;
	__u16 point;
	__u64 time; /* exact CLOCK_MONOTONIC, ns */
	__u32 ifindex;
	__u32 length; /* of the kernel buffer */
	__u32 value;
	__u32 packets; /* wire packets of the buffer */
	__u32 captured;
	__u32 offset; /* DNS: bytes between the start of the data and the DNS message */
};

enum tunnel_kind {
	TUNNEL_NONE,
	TUNNEL_VXLAN,
	TUNNEL_GENEVE,
	TUNNEL_GRE,
	TUNNEL_IP
};

/* A tunnel as its packets show it: from one end to the other. */
struct tunnel_key {
	__u8 source[16];
	__u8 destination[16];
	__u32 netns;
	__u32 identifier; /* VNI or GRE key */
	__u16 port; /* destination port, 0 without ports */
	__u8 protocol;
	__u8 kind;
};

/* A filter: a packet passes that meets every condition whose bit is set. */
#define FILTER_ADDRESSES 1 /* either address is in filter_addresses */
#define FILTER_PREFIXES 2 /* some entries there are wider than one address */
#define FILTER_PORTS 4 /* either port */
#define FILTER_PROTOCOLS 8
#define FILTER_INTERFACES 16

#define MAX_INTERFACES 2048

struct packet_filter {
	__u32 conditions;
	__u32 reserved;
	__u64 protocols[4]; /* bit sets */
	__u64 interfaces[MAX_INTERFACES / 64];
	__u64 ports[1024];
	__u64 hashes[1024]; /* of single addresses: who is not in here is not in filter_addresses */
};

/* A key of the LPM trie: one trie for all filters, told apart by number. */
struct filter_address {
	__u32 prefix_length; /* 32 for the number, and the address' own */
	__u32 filter;
	__u8 address[16];
};

/* Filters of flows take turns at being live, so that a change has no gap; captures have one. */
#define FILTER_NONE 0
#define FILTER_FLOWS_A 1
#define FILTER_FLOWS_B 2
#define FILTER_CAPTURE 3
#define FILTERS 4

/* What the agent tells all programs. */
struct control {
	__u32 live_filter; /* FILTER_NONE: every packet passes */
	__u32 capture; /* 1 while capturing */
	__u32 snap_length; /* bytes of each captured frame */
	__u32 reserved;
	__u32 limits[EVENT_KINDS]; /* events of a kind per point, CPU and window of 2^28 ns; 0: none wanted */
	__u32 reserved_limit[2];
	struct packet_filter filters[FILTERS];
	__u8 tunnel_ports[65536]; /* enum tunnel_kind by UDP destination port */
};

#endif
