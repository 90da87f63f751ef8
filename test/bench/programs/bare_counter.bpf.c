/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The reference to be compared with: the least that counts packets and bytes of IPv4 TCP and UDP flows where they pass.
 * A per-CPU hash by 5-tuple with slots for interface and direction; direct access, coarse clock; no options, no
 * segments, no fragments, no socket. What it loses is counted, which costs nothing until something is lost.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "bare_counter.h"

#define ETH_P_IP 0x0800

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 262144);
	__type(key, struct bare_key);
	__type(value, struct bare_value);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BARE_LOSSES);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

struct ports {
	__be16 source;
	__be16 destination;
};

static __always_inline void lose(__u32 loss)
{
	__u64 *count = bpf_map_lookup_elem(&lost, &loss);

	if (count)
		*count += 1;
}

static __always_inline void insert(const struct bare_key *key, __u64 point, __u32 length)
{
	struct bare_value value = {};

	value.slots[0].point = point;
	value.slots[0].packets = 1;
	value.slots[0].bytes = length;
	value.slots[0].first = bpf_ktime_get_coarse_ns();
	value.slots[0].last = value.slots[0].first;
	if (bpf_map_update_elem(&counters, key, &value, BPF_ANY))
		lose(BARE_MAP_FULL);
}

static __always_inline void add(struct bare_value *value, __u64 point, __u32 length)
{
	for (int i = 0; i < BARE_SLOTS; i++) {
		struct bare_slot *slot = &value->slots[i];

		if (slot->point != point && slot->point != 0)
			continue;
		slot->last = bpf_ktime_get_coarse_ns();
		if (slot->point == 0) {
			slot->point = point;
			slot->first = slot->last;
		}
		slot->packets += 1;
		slot->bytes += length;
		return;
	}
	lose(BARE_SLOTS_FULL);
}

static __always_inline int count(struct __sk_buff *skb, __u32 egress)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ethhdr *ethernet = data;
	struct iphdr *ip = data + sizeof(*ethernet);
	struct ports *ports = (void *)(ip + 1);
	struct bare_key key = {};
	struct bare_value *value;
	__u64 point = (__u64)skb->ifindex << 1 | egress;

	if ((void *)(ports + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
		return -1;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return -1;
	key.source = ip->saddr;
	key.destination = ip->daddr;
	key.source_port = ports->source;
	key.destination_port = ports->destination;
	key.protocol = ip->protocol;
	value = bpf_map_lookup_elem(&counters, &key);
	if (value)
		add(value, point, skb->len);
	else
		insert(&key, point, skb->len);
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
