/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Which side of a conversation comes first in its key. */
#ifndef VETHSCOPE_KEY_ORDER_H
#define VETHSCOPE_KEY_ORDER_H

#include <bpf/bpf_endian.h>

static __always_inline __u64 address_word(const __u8 *address, int word)
{
	return bpf_be64_to_cpu(((const __u64 *)address)[word]);
}

/* Its ports are the halves of one number. */
static __always_inline int has_spi(const struct flow_key *key)
{
	return key->protocol == IPPROTO_ESP || key->protocol == IPPROTO_AH;
}

static __always_inline int source_is_high(const struct flow_key *key)
{
	int word;

#pragma unroll
	for (word = 0; word < 2; word++) {
		__u64 source = address_word(key->low_address, word);
		__u64 destination = address_word(key->high_address, word);

		if (source != destination)
			return source > destination;
	}
	return !has_spi(key) && key->low_port > key->high_port;
}

static __always_inline void swap_words(__u8 *left, __u8 *right, int word)
{
	__u64 kept = ((__u64 *)left)[word];

	((__u64 *)left)[word] = ((__u64 *)right)[word];
	((__u64 *)right)[word] = kept;
}

/* Takes a key with the source as low side and turns it where its place is the high one; 1 when it did. */
static __always_inline __u32 order_sides(struct flow_key *key)
{
	__u16 port = key->low_port;

	if (!source_is_high(key))
		return 0;
	swap_words(key->low_address, key->high_address, 0);
	swap_words(key->low_address, key->high_address, 1);
	if (has_spi(key))
		return 1;
	key->low_port = key->high_port;
	key->high_port = port;
	return 1;
}

#endif
