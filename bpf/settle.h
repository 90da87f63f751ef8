/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* From a CPU's tally to the flow map, whose entries have a lock: all CPUs add to them.
 * agent/native/src/merge_value.cc does the same where the agent reads.
 */
#ifndef VETHSCOPE_SETTLE_H
#define VETHSCOPE_SETTLE_H

#include <asm-generic/errno-base.h>

#include "point_counters.h"
#include "scratch_pad.h"
#include "socket.h"

static __always_inline void note_overflow(struct point_counters *counters, __u16 point, __u32 packets)
{
	if (point & POINT_INNER)
		counters->inner_overflow += packets;
	else
		counters->points_overflow += packets;
}

static __always_inline struct point_counters *counters_of(const struct point_slot *slot)
{
	return point_of(slot->point >> POINT_SHIFT, !!(slot->point & POINT_EGRESS));
}

/* Which slot of an entry is the point's, taken if it has none yet; POINT_SLOTS when all are others'. */
static __always_inline __u32 entry_slot(struct flow_value *value, const struct point_slot *from)
{
	__u32 i;

	for (i = 0; i < POINT_SLOTS; i++) {
		struct point_slot *slot = &value->slots[i];

		if (slot->point == from->point)
			break;
		if (slot->point)
			continue;
		slot->point = from->point;
		slot->first = from->first;
		break;
	}
	return i;
}

/* 1 when there is no slot for it. */
static __always_inline int settle_slot(struct tallies *tallies, struct flow_value *value, const struct point_slot *from)
{
	struct point_slot *slot;
	__u32 number;

	/* By way of memory: the verifier does not follow each slot on its own from here on. */
	tallies->number = entry_slot(value, from);
	forget_memory();
	number = tallies->number;
	if (number >= POINT_SLOTS) {
		value->overflow_packets += from->packets;
		value->overflow_bytes += from->bytes;
		return 1;
	}
	slot = &value->slots[number];
	slot->packets += from->packets;
	slot->bytes += from->bytes;
	slot->flags |= from->flags;
	/* Tallies do not come in the order of their packets: another CPU's may have lain longer. */
	if (from->first < slot->first)
		slot->first = from->first;
	if (from->last > slot->last)
		slot->last = from->last;
	return 0;
}

/* At the interface that saw the SYN first. */
static __always_inline int is_at_syn(const struct flow_value *value, __u16 point)
{
	return value->syn_time && !((value->syn_point ^ point) >> POINT_SHIFT);
}

/* Whether the answer in `from` is better than the value's: at the SYN's interface the first counts, elsewhere the last.
 */
static __always_inline int is_better_answer(const struct flow_value *value, const struct flow_value *from)
{
	int had = is_at_syn(value, value->answer_point);
	int has = is_at_syn(value, from->answer_point);

	if (!from->answer_time || !value->answer_time)
		return !!from->answer_time;
	if (had != has)
		return has;
	return had ? from->answer_time < value->answer_time : from->answer_time > value->answer_time;
}

/* The first SYN, and its answer, of times that were noted on any CPU. */
static __always_inline void settle_handshake(struct flow_value *value, const struct flow_value *from)
{
	if (from->syn_time && (!value->syn_time || from->syn_time < value->syn_time)) {
		value->syn_time = from->syn_time;
		value->syn_point = from->syn_point;
	}
	if (!is_better_answer(value, from))
		return;
	value->answer_time = from->answer_time;
	value->answer_point = from->answer_point;
}

static __always_inline void settle_facts(struct side_facts *facts, const struct side_facts *from)
{
	note_cookie(facts, from->cookie);
	note_cgroup(facts, from->cgroup_id);
	note_cgroup(facts, from->other_cgroup_id);
	if (from->srtt_us)
		facts->srtt_us = from->srtt_us;
	if (from->retransmits > facts->retransmits)
		facts->retransmits = from->retransmits;
	facts->seen_retransmits += from->seen_retransmits;
	facts->out_of_order += from->out_of_order;
	facts->zero_windows += from->zero_windows;
	facts->syns += from->syns;
	if (from->tunnel) {
		facts->tunnel = from->tunnel;
		facts->outer_port = from->outer_port;
	}
	if (from->dscp)
		facts->dscp = from->dscp;
}

/* There is no room: what was counted at its points was not. A tally has no packets beyond its slots. */
static __always_inline void take_back(const struct flow_value *value)
{
	int i;

	for (i = 0; i < POINT_SLOTS; i++) {
		const struct point_slot *slot = &value->slots[i];
		struct point_counters *counters;

		if (!slot->point)
			return;
		counters = counters_of(slot);
		if (!counters)
			continue;
		if (slot->point & POINT_INNER) {
			counters->inner_counted -= slot->packets;
			counters->inner_map_full += slot->packets;
		} else {
			counters->counted -= slot->packets;
			counters->map_full += slot->packets;
		}
	}
}

/* Bit i is set where slot i of the tally found no slot in the entry. No function can be called under the lock. */
static __always_inline __u32 settle_in_entry(struct tallies *tallies, struct flow_entry *entry,
					     const struct flow_value *from)
{
	struct flow_value *value = &entry->value;
	__u32 beyond = 0;
	int i;

	bpf_spin_lock(&entry->lock);
	settle_handshake(value, from);
	settle_facts(&value->low, &from->low);
	settle_facts(&value->high, &from->high);
	for (i = 0; i < POINT_SLOTS; i++) {
		if (!from->slots[i].point)
			break;
		if (settle_slot(tallies, value, &from->slots[i]))
			beyond |= 1 << i;
	}
	bpf_spin_unlock(&entry->lock);
	return beyond;
}

static __always_inline void *half_of(const struct tallies *tallies)
{
	return tallies->half ? (void *)&flows_b : (void *)&flows_a;
}

/* A function of its own, so that the verifier walks it a few times only. */
static __noinline void settle(struct tallies *tallies, struct tally *tally)
{
	struct flow_entry *entry = bpf_map_lookup_elem(half_of(tallies), &tally->key);
	__u32 beyond;
	long error;
	int i;

	if (!entry) {
		error = bpf_map_update_elem(half_of(tallies), &tally->key, &tally->lock, BPF_NOEXIST);
		if (!error)
			return;
		/* Else another CPU was faster. */
		if (error == -EEXIST)
			entry = bpf_map_lookup_elem(half_of(tallies), &tally->key);
		if (!entry) {
			take_back(&tally->value);
			return;
		}
	}
	tallies->number = settle_in_entry(tallies, entry, &tally->value);
	forget_memory();
	beyond = tallies->number;
	for (i = 0; beyond && i < POINT_SLOTS; i++) {
		const struct point_slot *slot = &tally->value.slots[i];
		struct point_counters *counters = counters_of(slot);

		if (beyond >> i & 1 && counters)
			note_overflow(counters, slot->point, slot->packets);
	}
}

#endif
