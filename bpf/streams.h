/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What a sender without a socket here sent again or late, from its sequence numbers (RFC 9293 section 3.4). Looked at
 * once, where the packet enters what we watch.
 */
#ifndef VETHSCOPE_STREAMS_H
#define VETHSCOPE_STREAMS_H

#include "packet.h"
#include "transport.h"
#include "scratch_pad.h"

/* Bytes of the stream in a buffer. */
static __always_inline __u32 payload_length(struct __sk_buff *skb, const struct packet *packet)
{
	__u32 end = packet->segment || packet->end > skb->len ? skb->len : packet->end;

	return end > packet->header_length ? end - packet->header_length : 0;
}

static __always_inline int is_before(__u32 sequence, __u32 other)
{
	return (__s32)(sequence - other) < 0;
}

/* A segment of [start, end) that lies behind the furthest one. */
static __always_inline void note_old_segment(struct stream_side *side, struct packet *packet, __u32 start, __u32 end,
					     __u32 packets)
{
	int in_gap = side->gap_start != side->gap_end && !is_before(start, side->gap_start) &&
		     !is_before(side->gap_end, end);

	if (!in_gap) {
		packet->seen_retransmits = packets;
		return;
	}
	packet->out_of_order = packets;
	if (start == side->gap_start)
		side->gap_start = end;
	else if (end == side->gap_end)
		side->gap_end = start;
}

static __always_inline void note_segment(struct stream_side *side, struct packet *packet, __u32 length, __u32 packets)
{
	__u32 start = packet->tcp_sequence;
	__u32 end = start + length;

	/* Another connection of the same ports, or the first we see of this one. */
	if (!side->known || (packet->tcp_flags & TCP_SYN && end != side->next)) {
		side->known = 1;
		side->next = end;
		side->gap_start = side->gap_end = 0;
		return;
	}
	/* A keep-alive probe repeats the last byte (RFC 9293 section 3.8.4). */
	if (length == 1 && end == side->next && !(packet->tcp_flags & (TCP_SYN | TCP_FIN)))
		return;
	if (is_before(start, side->next)) {
		note_old_segment(side, packet, start, end, packets);
	} else if (start != side->next) {
		if (side->gap_start == side->gap_end)
			side->gap_start = side->next;
		side->gap_end = start;
	}
	if (is_before(side->next, end))
		side->next = end;
}

/* Leaves in the observation's packet what was sent again. Its key is canonical. */
static __noinline void track_stream(struct observation *at)
{
	__u32 length = at->payload + (at->packet.tcp_flags & TCP_FIN ? 1 : 0);
	struct stream *stream = bpf_map_lookup_elem(&streams, &at->key);
	struct stream fresh = {};

	if (!stream) {
		if (bpf_map_update_elem(&streams, &at->key, &fresh, BPF_NOEXIST))
			return;
		stream = bpf_map_lookup_elem(&streams, &at->key);
		if (!stream)
			return;
	}
	note_segment(at->point & POINT_FROM_HIGH ? &stream->high : &stream->low, &at->packet, length, at->size.packets);
}

#endif
