/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#ifndef VETHSCOPE_FILTER_HASH_H
#define VETHSCOPE_FILTER_HASH_H

/* An address' bit in packet_filter.hashes, from its four words in network order as the host reads them. Programs and
 * addon must agree.
 */
static inline __u16 filter_hash(__u32 first, __u32 second, __u32 third, __u32 fourth)
{
	__u32 mixed = (first ^ second ^ third ^ fourth) * 0x9e3779b1U;

	return mixed >> 16;
}

#endif
