/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The reference to be compared with: the least that counts packets and bytes of IPv4 TCP and UDP flows. A per-CPU
 * hash by 5-tuple, interface and direction; direct access, coarse clock, no options, no segments, no socket.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_P_IP 0x0800

struct counter_key {
	__be32 source;
	__be32 destination;
	__be16 source_port;
	__be16 destination_port;
	__u32 protocol;
	__u32 ifindex;
	__u32 egress;
};

struct counter {
	__u64 packets;
	__u64 bytes;
	__u64 first;
	__u64 last;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 262144);
	__type(key, struct counter_key);
	__type(value, struct counter);
} counters SEC(".maps");

struct ports {
	__be16 source;
	__be16 destination;
};

static __always_inline int count(struct __sk_buff *skb, __u32 egress)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ethhdr *ethernet = data;
	struct iphdr *ip = data + sizeof(*ethernet);
	struct ports *ports = (void *)(ip + 1);
	struct counter_key key = {};
	struct counter *counter;

	if ((void *)(ports + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
		return -1;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return -1;
	key.source = ip->saddr;
	key.destination = ip->daddr;
	key.source_port = ports->source;
	key.destination_port = ports->destination;
	key.protocol = ip->protocol;
	key.ifindex = skb->ifindex;
	key.egress = egress;
	counter = bpf_map_lookup_elem(&counters, &key);
	if (!counter) {
		struct counter first = { .packets = 1, .bytes = skb->len };

		first.first = bpf_ktime_get_coarse_ns();
		first.last = first.first;
		bpf_map_update_elem(&counters, &key, &first, BPF_ANY);
		return -1;
	}
	counter->packets += 1;
	counter->bytes += skb->len;
	counter->last = bpf_ktime_get_coarse_ns();
	return -1;
}

SEC("tc")
int count_ingress(struct __sk_buff *skb)
{
	return count(skb, 0);
}

SEC("tc")
int count_egress(struct __sk_buff *skb)
{
	return count(skb, 1);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
