/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* One buffer can be many packets (GSO, GRO): what it is on the wire. */
#ifndef VETHSCOPE_WIRE_SIZE_H
#define VETHSCOPE_WIRE_SIZE_H

struct wire_size {
	__u32 packets;
	__u64 bytes; /* layer 2, without FCS; a VLAN tag kept beside the bytes is not in it, as in interface counters */
};

/* segment: the payload of each packet, skb->gso_size; 0 for a buffer of one packet. */
static __always_inline struct wire_size wire_size(struct __sk_buff *skb, const struct packet *packet, __u32 segment)
{
	struct wire_size size = { .packets = 1, .bytes = skb->len };
	__u32 header = packet->header_length;
	__u32 segments = skb->gso_segs;

	if (!segment)
		return size;
	if (!segments && skb->len > header)
		segments = (skb->len - header + segment - 1) / segment;
	if (segments <= 1)
		return size;
	size.packets = segments;
	size.bytes += (__u64)(segments - 1) * header - (__u64)segments * packet->jumbo_header;
	return size;
}

#endif
