/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The flow inside a tunnel's packet: counted at the same point, marked as inner, linked to the tunnel. */
#ifndef VETHSCOPE_INNER_FLOWS_H
#define VETHSCOPE_INNER_FLOWS_H

#include "filter.h"
#include "flow_counters.h"
#include "flow_key.h"
#include "fragments.h"
#include "tunnel.h"

/* The tunnel's id, given at random when it is first seen; 0 when there is no room for another. */
static __always_inline __u32 tunnel_id(const struct tunnel_key *tunnel)
{
	__u32 *known = bpf_map_lookup_elem(&tunnels, tunnel);
	__u32 id;

	if (known)
		return *known;
	id = bpf_get_prandom_u32() | 1;
	bpf_map_update_elem(&tunnels, tunnel, &id, BPF_NOEXIST);
	known = bpf_map_lookup_elem(&tunnels, tunnel);
	return known ? *known : 0;
}

/* Bytes are those of the frame inside, or of the IP packet where there is no frame. A function of its own, so that the
 * verifier walks it once.
 */
static __noinline void count_inner(struct __sk_buff *skb, struct point_counters *counters, struct scratch_pad *work)
{
	struct observation *at = &work->inner;
	__u32 number = control.live_filter;

	at->size = work->outer.size;
	if (work->inner_cause != PARSED) {
		counters->inner_unparsed += at->size.packets;
		return;
	}
	if (at->packet.fragment)
		join_fragment(&at->key, &at->packet);
	at->point = (work->outer.point & ~POINT_FROM_HIGH) | POINT_INNER | make_canonical(&at->key);
	if (number && !matches(&at->key, number, at->point >> POINT_SHIFT))
		return;
	at->time = work->outer.time;
	at->entrance = 0;
	at->size.bytes -= (__u64)at->size.packets * work->inner_start;
	at->tunnel = tunnel_id(&work->tunnel);
	count_flow(skb, at);
	counters->inner_counted += at->size.packets;
}

#endif
