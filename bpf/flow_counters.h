/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Counting a packet at its observation point, in the entry of its conversation. */
#ifndef VETHSCOPE_FLOW_COUNTERS_H
#define VETHSCOPE_FLOW_COUNTERS_H

#include <asm-generic/errno-base.h>

#include "clock.h"
#include "packet.h"
#include "socket.h"
#include "transport.h"
#include "scratch_pad.h"

/* Whether an entry has one value for all CPUs, or one for each: then nobody else writes to it and plain operations do.
 * A constant where it is used, so that the programs for the latter hold no atomic operation at all.
 */
#define PER_CPU 0
#define SHARED 1

static __always_inline void add(__u64 *counter, __u64 amount, const int shared)
{
	if (shared)
		__sync_fetch_and_add(counter, amount);
	else
		*counter += amount;
}

static __always_inline void add_small(__u32 *counter, __u32 amount, const int shared)
{
	if (shared)
		__sync_fetch_and_add(counter, amount);
	else
		*counter += amount;
}

/* A slot's point and flags as the one word that can be claimed at once; the point is in its lower half. */
static __always_inline __u32 *slot_word(struct point_slot *slot)
{
	return (__u32 *)slot;
}

/* What the slot had as owner and flags; 0 when this claim succeeded. */
static __always_inline __u32 claim_slot(struct point_slot *slot, __u16 point, const int shared)
{
	if (shared)
		return __sync_val_compare_and_swap(slot_word(slot), 0, point);
	slot->point = point;
	return 0;
}

static __always_inline void add_flags(struct point_slot *slot, __u32 flags, const int shared)
{
	if (shared)
		__sync_fetch_and_or(slot_word(slot), flags << 16);
	else
		slot->flags |= flags;
}

/* The slot of this point, claimed if it has none yet; NULL when all are taken. */
static __always_inline struct point_slot *slot_of(struct flow_value *value, __u16 point, __u32 time, const int shared)
{
	int i;

	for (i = 0; i < POINT_SLOTS; i++) {
		struct point_slot *slot = &value->slots[i];
		__u32 owner = *slot_word(slot);

		if ((__u16)owner == point)
			return slot;
		if (owner)
			continue;
		owner = claim_slot(slot, point, shared);
		if (!owner) {
			slot->first = time;
			return slot;
		}
		if ((__u16)owner == point)
			return slot;
	}
	return NULL;
}

static __always_inline struct side_facts *sender_facts(struct flow_value *value, __u32 point)
{
	return point & POINT_FROM_HIGH ? &value->high : &value->low;
}

/* When SYN and SYN-ACK passed. The answer counts at the interface that saw the SYN first, nearest to the client; where
 * the SYN's time is in an older entry, at the last interface on the answer's way.
 */
static __always_inline void note_handshake(struct flow_value *value, __u32 flags, __u16 point)
{
	if (!(flags & TCP_ACK)) {
		if (value->syn_time)
			return;
		value->syn_time = bpf_ktime_get_ns();
		value->syn_point = point;
		return;
	}
	if (value->syn_time && (value->answer_time || (value->syn_point ^ point) >> POINT_SHIFT))
		return;
	value->answer_time = bpf_ktime_get_ns();
	value->answer_point = point;
}

/* What is rare in a TCP packet. */
static __always_inline void note_tcp(struct flow_value *value, struct side_facts *facts, const struct observation *at,
				     const int shared)
{
	const struct packet *packet = &at->packet;

	if (packet->tcp_flags & TCP_SYN)
		note_handshake(value, packet->tcp_flags, at->point);
	if (!at->entrance)
		return;
	if (packet->tcp_flags & TCP_SYN)
		facts->syns += 1;
	else if (!packet->tcp_window && !(packet->tcp_flags & (TCP_FIN | TCP_RST)))
		add_small(&facts->zero_windows, at->size.packets, shared);
	if (packet->seen_retransmits)
		add_small(&facts->seen_retransmits, packet->seen_retransmits, shared);
	if (packet->out_of_order)
		add_small(&facts->out_of_order, packet->out_of_order, shared);
}

static __always_inline void note_facts(struct flow_value *value, struct side_facts *facts, const struct observation *at,
				       const int shared)
{
	if (facts->dscp != at->packet.dscp)
		facts->dscp = at->packet.dscp;
	if (at->tunnel) {
		facts->tunnel = at->tunnel;
		facts->outer_port = at->outer_port;
	}
	if (at->key.protocol == IPPROTO_TCP)
		note_tcp(value, facts, at, shared);
}

static __always_inline void count_in_entry(struct __sk_buff *skb, struct point_counters *counters,
					   struct flow_value *value, const struct observation *at, const int shared)
{
	__u32 flags = at->packet.tcp_flags;
	struct side_facts *facts = sender_facts(value, at->point);
	struct point_slot *slot = slot_of(value, at->point, at->time, shared);

	note_facts(value, facts, at, shared);
	if (!slot) {
		add_small(&value->overflow_packets, at->size.packets, shared);
		add(&value->overflow_bytes, at->size.bytes, shared);
		counters->points_overflow += at->size.packets;
		return;
	}
	add_small(&slot->packets, at->size.packets, shared);
	add(&slot->bytes, at->size.bytes, shared);
	if (flags & ~(__u32)slot->flags)
		add_flags(slot, flags, shared);
	/* The socket once a tick of the clock, and when the connection ends: each packet of a bulk stream costs 50 ns.
	 */
	if (slot->last != at->time || flags & (TCP_FIN | TCP_RST)) {
		slot->last = at->time;
		if (!(at->point & POINT_INNER))
			note_socket(skb, facts, at->key.protocol);
	}
}

/* Puts an entry with this packet in it; 0, -EEXIST when another CPU was faster, or why there is no room. */
static __always_inline long add_entry(struct __sk_buff *skb, void *half, struct flow_value *value,
				      const struct observation *at, const int shared)
{
	struct side_facts *facts = sender_facts(value, at->point);

	/* All before the slots; of these only the first is ever written. */
	__builtin_memset(value, 0, offsetof(struct flow_value, slots));
	value->slots[0].point = at->point;
	value->slots[0].flags = at->packet.tcp_flags;
	value->slots[0].packets = at->size.packets;
	value->slots[0].bytes = at->size.bytes;
	value->slots[0].first = at->time;
	value->slots[0].last = at->time;
	note_facts(value, facts, at, shared);
	if (!(at->point & POINT_INNER))
		note_socket(skb, facts, at->key.protocol);
	return bpf_map_update_elem(half, &at->key, value, BPF_NOEXIST);
}

/* Counts the packet in its flow; 1 when there was no room for it. */
static __always_inline int count_flow(struct __sk_buff *skb, struct point_counters *counters,
				      struct flow_value *new_flow, const struct observation *at, const int shared)
{
	struct flow_value *value;
	__u32 zero = 0;
	void *half;
	long error;

	half = bpf_map_lookup_elem(&flows, &zero);
	if (!half)
		return 1;
	value = bpf_map_lookup_elem(half, &at->key);
	if (!value) {
		error = add_entry(skb, half, new_flow, at, shared);
		if (!error)
			return 0;
		if (error != -EEXIST)
			return 1;
		value = bpf_map_lookup_elem(half, &at->key);
		if (!value)
			return 1;
	}
	count_in_entry(skb, counters, value, at, shared);
	return 0;
}

#endif
