/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Counting a packet at its observation point, in this CPU's tally of its conversation. Nobody else writes there: plain
 * operations do.
 */
#ifndef VETHSCOPE_FLOW_COUNTERS_H
#define VETHSCOPE_FLOW_COUNTERS_H

#include "packet.h"
#include "socket.h"
#include "transport.h"
#include "scratch_pad.h"
#include "settle.h"
#include "tally_index.h"

/* Which slot is the point's, or free for it; POINT_SLOTS when all are others'. */
static __always_inline __u32 slot_number(const struct flow_value *value, __u16 point)
{
	__u32 i;

	for (i = 0; i < POINT_SLOTS; i++) {
		if (value->slots[i].point == point || !value->slots[i].point)
			break;
	}
	return i;
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
static __always_inline void note_tcp(struct flow_value *value, struct side_facts *facts, const struct observation *at)
{
	const struct packet *packet = &at->packet;

	if (packet->tcp_flags & TCP_SYN)
		note_handshake(value, packet->tcp_flags, at->point);
	if (!at->entrance)
		return;
	if (packet->tcp_flags & TCP_SYN)
		facts->syns += 1;
	else if (!packet->tcp_window && !(packet->tcp_flags & (TCP_FIN | TCP_RST)))
		facts->zero_windows += at->size.packets;
	facts->seen_retransmits += packet->seen_retransmits;
	facts->out_of_order += packet->out_of_order;
}

static __always_inline void note_facts(struct flow_value *value, struct side_facts *facts, const struct observation *at)
{
	facts->dscp = at->packet.dscp;
	if (at->tunnel) {
		facts->tunnel = at->tunnel;
		facts->outer_port = at->outer_port;
	}
	if (at->key.protocol == IPPROTO_TCP)
		note_tcp(value, facts, at);
}

/* One more packet at its point. */
static __always_inline void count_in_slot(struct __sk_buff *skb, struct flow_value *value, struct point_slot *slot,
					  const struct observation *at)
{
	__u32 flags = at->packet.tcp_flags;
	struct side_facts *facts = sender_facts(value, at->point);

	note_facts(value, facts, at);
	slot->packets += at->size.packets;
	slot->bytes += at->size.bytes;
	slot->flags |= flags;
	/* The socket once a tick of the clock, and when the connection ends: each packet of a bulk stream costs 50 ns.
	 */
	if (slot->last != at->time || flags & (TCP_FIN | TCP_RST)) {
		slot->last = at->time;
		if (!(at->point & POINT_INNER))
			note_socket(skb, facts, at->key.protocol);
	}
}

static __always_inline int is_same_flow(const struct flow_key *key, const struct flow_key *other)
{
	const __u64 *words = (const __u64 *)key;
	const __u64 *others = (const __u64 *)other;

	return words[4] == others[4] && words[1] == others[1] && words[3] == others[3] && words[0] == others[0] &&
	       words[2] == others[2] && *(const __u32 *)&words[5] == *(const __u32 *)&others[5];
}

static __always_inline struct tallies *tallies_of_cpu(void)
{
	__u32 zero = 0;
	void *live = bpf_map_lookup_elem(&live_tallies, &zero);

	return live ? bpf_map_lookup_elem(live, &zero) : NULL;
}

/* Empties the tally for the flow of this key; what it held goes to the flow map. */
static __always_inline void start_tally(struct tallies *tallies, struct tally *tally, const struct flow_key *key)
{
	if (tally->taken)
		settle(tallies, tally);
	__builtin_memset(&tally->value, 0, sizeof(tally->value));
	__builtin_memcpy(&tally->key, key, sizeof(tally->key));
	tally->taken = 1;
}

/* Counts the packet in its flow. Where all slots of the tally are other points', they go to the flow map, which may
 * have one for this point.
 */
static __always_inline void count_flow(struct __sk_buff *skb, const struct observation *at)
{
	struct tallies *tallies = tallies_of_cpu();
	struct point_slot *slot;
	struct tally *tally;
	__u32 number;

	if (!tallies)
		return;
	tally = &tallies->tallies[tally_index(&at->key)];
	/* By way of memory: the verifier does not follow each slot on its own from here on. */
	tallies->number = is_same_flow(&tally->key, &at->key) ? slot_number(&tally->value, at->point) : POINT_SLOTS;
	forget_memory();
	number = tallies->number;
	if (number >= POINT_SLOTS) {
		start_tally(tallies, tally, &at->key);
		number = 0;
	}
	slot = &tally->value.slots[number];
	if (!slot->point) {
		slot->point = at->point;
		slot->first = at->time;
	}
	count_in_slot(skb, &tally->value, slot, at);
}

#endif
