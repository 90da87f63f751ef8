// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* The least that counts flows: one hash entry a 5-tuple, packets and bytes added atomically. No observation points, no
 * segmentation, no sockets, no fragments, no ledger.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct tuple {
	__u8 source[16];
	__u8 destination[16];
	__u32 ports;
	__u32 protocol;
};

struct count {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__type(key, struct tuple);
	__type(value, struct count);
} counts SEC(".maps");

static __always_inline int count(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct tuple tuple = {};
	void *ports;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = data + ETH_HLEN;

		if ((void *)(ip + 1) > end)
			return -1;
		__builtin_memcpy(tuple.source, &ip->saddr, 4);
		__builtin_memcpy(tuple.destination, &ip->daddr, 4);
		tuple.protocol = ip->protocol;
		ports = ip + 1;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = data + ETH_HLEN;

		if ((void *)(ip + 1) > end)
			return -1;
		__builtin_memcpy(tuple.source, &ip->saddr, 16);
		__builtin_memcpy(tuple.destination, &ip->daddr, 16);
		tuple.protocol = ip->nexthdr;
		ports = ip + 1;
	} else {
		return -1;
	}
	if (ports + 4 <= end)
		tuple.ports = *(__u32 *)ports;

	struct count *known = bpf_map_lookup_elem(&counts, &tuple);

	if (known) {
		__sync_fetch_and_add(&known->packets, 1);
		__sync_fetch_and_add(&known->bytes, skb->len);
	} else {
		struct count first = { 1, skb->len };

		bpf_map_update_elem(&counts, &tuple, &first, BPF_NOEXIST);
	}
	return -1;
}

SEC("tc")
int count_ingress(struct __sk_buff *skb)
{
	return count(skb);
}

SEC("tc")
int count_egress(struct __sk_buff *skb)
{
	return count(skb);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
