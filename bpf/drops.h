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

/* Of one CPU. */
struct drop_state {
	__u64 filtered; /* packets that the filter does not want */
	__u64 unclaimed; /* echo replies that are freed as read */
	__u64 map_full; /* packets of a key that had no room */
	__u64 events_lost; /* no room in the ring */
	__u64 suppressed; /* events beyond the rate */
};

#endif
