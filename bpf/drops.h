/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the program that counts dropped packets shares with user space. */
#ifndef VETHSCOPE_DROPS_H
#define VETHSCOPE_DROPS_H

#define MAX_DROP_NAMESPACES 4096
#define MAX_DROP_TOTALS 4096

/* Where and why. */
struct drop_key {
	__u32 netns; /* index that the addon gave the namespace */
	__u32 ifindex; /* 0 where no interface is known */
	__u32 reason; /* enum skb_drop_reason of the running kernel */
};

struct drop_total {
	__u64 packets; /* wire packets */
	__u64 bytes; /* of the kernel buffers, from their network header on */
	__u32 window; /* of this CPU's events, so that a flood here takes none from elsewhere */
	__u32 sent;
};

/* One direction of a connection, as agent/native/src/conntrack_record.h has it: IPv4 as ::ffff:a.b.c.d, ports in host
 * order.
 */
struct tracked_tuple {
	__u8 source[16];
	__u8 destination[16];
	__u16 source_port; /* of ICMP the echo id, on both sides */
	__u16 destination_port;
};

#define DROPPED_CONNECTION 2 /* as one that was just made */

/* Data of a drop event: the translated connection that its packet would have begun, as one of the connection tracking's
 * records. It got no id.
 */
struct dropped_connection {
	__u8 kind;
	__u8 family;
	__u8 protocol;
	__u8 unused[15];
	__u8 icmp_type; /* of the original tuple */
	__u8 unused_end[13];
	struct tracked_tuple original;
	struct tracked_tuple reply;
};

/* Of one CPU. */
struct drop_state {
	__u64 filtered; /* packets that the filter does not want */
	__u64 unclaimed; /* echo replies that are freed as read */
	__u64 map_full; /* packets of a key that had no room */
	__u64 events_lost; /* no room in the ring */
	__u64 suppressed; /* events beyond the rate */
};

#endif
