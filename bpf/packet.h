/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Reading a packet's bytes, and what is known of a packet beside its key. */
#ifndef VETHSCOPE_PACKET_H
#define VETHSCOPE_PACKET_H

#include <bpf/bpf_endian.h>

/* Further on, the verifier would not follow a pointer that it cannot bound. */
#define MAX_DIRECT_OFFSET 0x4000

enum read_mode {
	READ_DIRECT, /* in place where the linear part holds it */
	READ_COPY, /* always copied: for what is rare, as it costs the verifier less */
	READ_NETWORK, /* copied, offsets count from the network header: no link header is known */
};

/* Whose packet it is. Constant where it is asked, so that the frame's own pays for no other. */
enum packet_place {
	PLACE_FRAME,
	PLACE_TUNNEL, /* inside another packet, whose end is its own */
	PLACE_QUOTE, /* what an ICMP error is about: only its beginning is there */
};

enum fragment_part {
	FRAGMENT_NONE,
	FRAGMENT_FIRST,
	FRAGMENT_LATER
};

/* What the key does not hold. */
struct packet {
	__u32 header_length; /* from the first byte that skb->len counts up to the payload, as far as parsed */
	__u32 end; /* of the IP packet by its own length field, within the packet around it; frames may be padded */
	__u32 segment; /* payload of each wire packet, skb->gso_size; 0 for a buffer of one */
	__u32 tcp_flags;
	__u32 tcp_sequence;
	__u32 tcp_window;
	__u32 seen_retransmits; /* of the wire packets: passed before */
	__u32 out_of_order; /* of the wire packets: filled a gap */
	__u32 identification; /* of a fragment */
	__u16 mode; /* enum read_mode */
	__u8 dscp;
	__u8 jumbo_header; /* bytes of a jumbogram option that segmentation takes out again */
	__u8 fragment; /* enum fragment_part */
	__u8 next_header; /* of a fragment, as all of its packet carry it */
	__u8 tunnel; /* enum tunnel_kind: a packet is inside */
	__u8 quotes; /* an ICMP error: the packet it is about follows */
};

/* Whether the IP packet holds that many bytes from here on; a padded frame may have more. */
static __always_inline int within(const struct packet *packet, __u32 size)
{
	return packet->header_length + size <= packet->end;
}

/* A header at an offset; NULL where the packet ends before. */
static __always_inline const void *header_at(struct __sk_buff *skb, const struct packet *packet, __u32 offset,
					     void *copy, __u32 size)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;

	if (packet->mode == READ_NETWORK) {
		if (bpf_skb_load_bytes_relative(skb, offset, copy, size, BPF_HDR_START_NET))
			return NULL;
		return copy;
	}
	if (packet->mode == READ_DIRECT && offset < MAX_DIRECT_OFFSET && data + offset + size <= end)
		return data + offset;
	if (bpf_skb_load_bytes(skb, offset, copy, size))
		return NULL;
	return copy;
}

#endif
