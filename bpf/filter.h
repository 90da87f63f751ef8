/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Which packets are wanted. A packet that is not costs a few loads; only one whose address may be in the set costs a
 * lookup.
 */
#ifndef VETHSCOPE_FILTER_H
#define VETHSCOPE_FILTER_H

#include "filter_hash.h"

/* Addresses and prefixes of all filters. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct filter_address);
	__type(value, __u8);
} filter_addresses SEC(".maps");

static __always_inline int has_bit(const __u64 *set, __u32 bit)
{
	return set[bit >> 6] >> (bit & 63) & 1;
}

static __always_inline int is_wanted_address(const struct packet_filter *filter, const __u8 *address, __u32 number)
{
	const __u32 *words = (const __u32 *)address;
	struct filter_address key = { .prefix_length = 32 + 128, .filter = number };

	if (!(filter->conditions & FILTER_PREFIXES) &&
	    !has_bit(filter->hashes, filter_hash(words[0], words[1], words[2], words[3])))
		return 0;
	__builtin_memcpy(key.address, address, sizeof(key.address));
	return bpf_map_lookup_elem(&filter_addresses, &key) != NULL;
}

/* Whether a parsed packet passes what a filter asks of packets. */
static __always_inline int matches_key(const struct flow_key *key, __u32 number)
{
	const struct packet_filter *filter = &control.filters[number & (FILTERS - 1)];
	__u32 conditions = filter->conditions;

	if (conditions & FILTER_PROTOCOLS && !has_bit(filter->protocols, key->protocol))
		return 0;
	if (conditions & FILTER_PORTS && !has_bit(filter->ports, key->low_port) &&
	    !has_bit(filter->ports, key->high_port))
		return 0;
	return !(conditions & FILTER_ADDRESSES) || is_wanted_address(filter, key->low_address, number) ||
	       is_wanted_address(filter, key->high_address, number);
}

/* Also by where it passes. Inline in name only: so that a program that does not ask may include this. */
static inline __noinline int matches(const struct flow_key *key, __u32 number, __u32 interface)
{
	const struct packet_filter *filter = &control.filters[number & (FILTERS - 1)];

	if (filter->conditions & FILTER_INTERFACES && !has_bit(filter->interfaces, interface & (MAX_INTERFACES - 1)))
		return 0;
	return matches_key(key, number);
}

/* Whether a packet without a key passes: only where nothing but the interface is asked. */
static __always_inline int matches_unparsed(__u32 number, __u32 interface)
{
	const struct packet_filter *filter = &control.filters[number & (FILTERS - 1)];

	if (filter->conditions & ~FILTER_INTERFACES)
		return 0;
	return !filter->conditions || has_bit(filter->interfaces, interface & (MAX_INTERFACES - 1));
}

#endif
