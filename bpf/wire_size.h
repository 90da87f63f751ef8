/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* One buffer can be many packets (GSO, GRO): what it is on the wire. */
#ifndef VETHSCOPE_WIRE_SIZE_H
#define VETHSCOPE_WIRE_SIZE_H

#include "packet.h"

struct wire_size {
	__u32 packets;
	__u64 bytes; /* layer 2, without FCS; a VLAN tag kept beside the bytes is not in it, as in interface counters */
};

/* header: bytes that each segment repeats */
static __always_inline struct wire_size wire_size(struct __sk_buff *skb, const struct packet *packet, __u32 header)
{
	struct wire_size size = { .packets = 1, .bytes = skb->len };
	__u32 segment = packet->segment;
	__u32 segments;

	if (!segment)
		return size;
	segments = skb->gso_segs;
	if (!segments && skb->len > header)
		segments = (skb->len - header + segment - 1) / segment;
	if (segments <= 1)
		return size;
	size.packets = segments;
	size.bytes += (__u64)(segments - 1) * header - (__u64)segments * packet->jumbo_header;
	return size;
}

#endif
