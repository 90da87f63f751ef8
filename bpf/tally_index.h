/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#ifndef VETHSCOPE_TALLY_INDEX_H
#define VETHSCOPE_TALLY_INDEX_H

/* The place of a flow among the tallies. Programs and addon must agree. */
static inline __u32 tally_index(const struct flow_key *key)
{
	const __u64 *low = (const __u64 *)key->low_address;
	const __u64 *high = (const __u64 *)key->high_address;
	__u64 mixed = low[0] ^ low[1] ^ high[0] ^ high[1];

	mixed += (__u64)key->low_port << 16 | key->high_port;
	return mixed * 0x9e3779b97f4a7c15ULL >> 32 & (TALLIES - 1);
}

#endif
