/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What one interface and direction saw, whether it could be attributed or not: packets = counted + sum(unparsed) +
 * map_full + filtered. Per CPU and plain adds: the hooks run with bottom halves off.
 */
#ifndef VETHSCOPE_POINT_COUNTERS_H
#define VETHSCOPE_POINT_COUNTERS_H

#include "wire_size.h"

static __always_inline struct interface_entry *interface_of(__u32 ifindex)
{
	struct far_interface key = { .netns = netns_index, .ifindex = ifindex };

	if (ifindex < NEAR_INTERFACES)
		return &near_interfaces[ifindex];
	return bpf_map_lookup_elem(&far_interfaces, &key);
}

static __always_inline struct point_counters *point_of(__u32 index, __u32 egress)
{
	index = index << 1 | egress;
	return bpf_map_lookup_elem(&points, &index);
}

static __always_inline void count_point(struct point_counters *point, const struct wire_size *size)
{
	point->buffers += 1;
	point->packets += size->packets;
	point->bytes += size->bytes;
}

/* Whether the packet enters what we watch here. What a host sends itself has not come in anywhere before. */
static __always_inline __u32 is_entrance(struct __sk_buff *skb, __u8 entrance, __u32 egress)
{
	if (egress)
		return entrance & INTERFACE_SENDS && !skb->ingress_ifindex;
	return entrance & INTERFACE_RECEIVES;
}

#endif
