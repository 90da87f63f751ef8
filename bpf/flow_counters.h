/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Counting a packet at its observation point, in the entry of its conversation. */
#ifndef VETHSCOPE_FLOW_COUNTERS_H
#define VETHSCOPE_FLOW_COUNTERS_H

#include <asm-generic/errno-base.h>

#include "clock.h"
#include "socket.h"

/* The slot of this point, claimed if it has none yet; NULL when all are taken. */
static __always_inline struct point_slot *slot_of(struct flow_value *value, __u32 point)
{
	int i;

	for (i = 0; i < POINT_SLOTS; i++) {
		struct point_slot *slot = &value->slots[i];
		__u32 owner = slot->point;

		if (owner == point)
			return slot;
		if (owner)
			continue;
		owner = __sync_val_compare_and_swap(&slot->point, 0, point);
		if (!owner) {
			slot->first = coarse_now();
			return slot;
		}
		if (owner == point)
			return slot;
	}
	return NULL;
}

static __always_inline struct side_facts *sender_facts(struct flow_value *value, __u32 point)
{
	return point & 1 ? &value->high : &value->low;
}

static __always_inline void count_in_entry(struct __sk_buff *skb, struct point_counters *counters,
					   struct flow_value *value, const struct flow_key *key,
					   const struct packet *packet, __u32 point, const struct wire_size *size)
{
	struct side_facts *facts = sender_facts(value, point);
	struct point_slot *slot = slot_of(value, point);
	__u64 now = coarse_now();

	if (facts->dscp != packet->dscp)
		facts->dscp = packet->dscp;
	if (!slot) {
		__sync_fetch_and_add(&value->overflow_packets, size->packets);
		__sync_fetch_and_add(&value->overflow_bytes, size->bytes);
		counters->points_overflow += size->packets;
		return;
	}
	__sync_fetch_and_add(&slot->packets, size->packets);
	__sync_fetch_and_add(&slot->bytes, size->bytes);
	if (packet->tcp_flags & ~slot->tcp_flags)
		__sync_fetch_and_or(&slot->tcp_flags, packet->tcp_flags);
	/* The socket once a tick of the clock, and when the connection ends: each packet of a bulk stream costs 50 ns.
	 */
	if (slot->last != now || packet->tcp_flags & (TCP_FIN | TCP_RST)) {
		slot->last = now;
		note_socket(skb, facts, key->protocol);
	}
}

/* Puts an entry with this packet in it; 0, -EEXIST when another CPU was faster, or why there is no room. */
static __always_inline long add_entry(struct __sk_buff *skb, void *half, const struct flow_key *key,
				      const struct packet *packet, __u32 point, const struct wire_size *size)
{
	struct flow_value *value;
	struct side_facts *facts;
	__u32 zero = 0;

	value = bpf_map_lookup_elem(&new_flow, &zero);
	if (!value)
		return -ENOMEM;
	__builtin_memset(&value->low, 0, sizeof(value->low));
	__builtin_memset(&value->high, 0, sizeof(value->high));
	value->slots[0].point = point;
	value->slots[0].tcp_flags = packet->tcp_flags;
	value->slots[0].packets = size->packets;
	value->slots[0].bytes = size->bytes;
	value->slots[0].first = coarse_now();
	value->slots[0].last = value->slots[0].first;
	facts = sender_facts(value, point);
	facts->dscp = packet->dscp;
	note_socket(skb, facts, key->protocol);
	return bpf_map_update_elem(half, key, value, BPF_NOEXIST);
}

static __always_inline void count_flow(struct __sk_buff *skb, struct point_counters *counters,
				       const struct flow_key *key, const struct packet *packet, __u32 point,
				       const struct wire_size *size)
{
	struct flow_value *value;
	__u32 zero = 0;
	void *half;
	long error;

	half = bpf_map_lookup_elem(&flows, &zero);
	if (!half)
		goto full;
	value = bpf_map_lookup_elem(half, key);
	if (!value) {
		error = add_entry(skb, half, key, packet, point, size);
		if (!error) {
			counters->counted += size->packets;
			return;
		}
		if (error != -EEXIST)
			goto full;
		value = bpf_map_lookup_elem(half, key);
		if (!value)
			goto full;
	}
	count_in_entry(skb, counters, value, key, packet, point, size);
	counters->counted += size->packets;
	return;
full:
	counters->map_full += size->packets;
}

#endif
