/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What one interface and direction saw, whether it could be attributed or not: packets = counted + sum(unparsed) +
 * map_full. Per CPU and plain adds: the hooks run with bottom halves off.
 */
#ifndef VETHSCOPE_POINT_COUNTERS_H
#define VETHSCOPE_POINT_COUNTERS_H

static __always_inline __u32 index_of(__u32 ifindex)
{
	struct far_interface key = { .netns = netns_index, .ifindex = ifindex };
	__u32 *index;

	if (ifindex < NEAR_INTERFACES)
		return interface_index[ifindex];
	index = bpf_map_lookup_elem(&far_interfaces, &key);
	return index ? *index : 0;
}

static __always_inline struct point_counters *point_of(__u32 ifindex, __u32 egress)
{
	__u32 index = index_of(ifindex);

	if (!index)
		return NULL;
	index = index << 1 | egress;
	return bpf_map_lookup_elem(&points, &index);
}

static __always_inline void count_point(struct point_counters *point, const struct wire_size *size)
{
	point->buffers += 1;
	point->packets += size->packets;
	point->bytes += size->bytes;
}

#endif
