/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the bare counter and its reader share. */
#ifndef VETHSCOPE_BARE_COUNTER_H
#define VETHSCOPE_BARE_COUNTER_H

#define BARE_SLOTS 4

struct bare_key {
	__u32 source;
	__u32 destination;
	__u16 source_port;
	__u16 destination_port;
	__u32 protocol;
};

struct bare_slot {
	__u64 point; /* ifindex << 1 | egress; 0 is free */
	__u64 packets;
	__u64 bytes;
	__u64 first;
	__u64 last;
};

struct bare_value {
	struct bare_slot slots[BARE_SLOTS];
};

/* Index in the map `lost`. */
enum bare_loss {
	BARE_MAP_FULL,
	BARE_SLOTS_FULL,
	BARE_LOSSES
};

#endif
