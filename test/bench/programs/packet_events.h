/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the packet-event program and its reader share. */
#ifndef VETHSCOPE_PACKET_EVENTS_H
#define VETHSCOPE_PACKET_EVENTS_H

struct packet_event {
	__u64 time;
	__u32 source;
	__u32 destination;
	__u16 source_port;
	__u16 destination_port;
	__u32 ifindex;
	__u32 length;
	__u8 protocol;
	__u8 egress;
	__u16 unused;
};

#endif
