/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* An event of 40 bytes to user space for every packet at every hook, over a ring buffer with the default wake-up: how
 * introductions to eBPF do it.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "packet_events.h"

#define ETH_P_IP 0x0800

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

struct ports {
	__be16 source;
	__be16 destination;
};

static __always_inline void lose(void)
{
	__u32 index = 0;
	__u64 *count = bpf_map_lookup_elem(&lost, &index);

	if (count)
		*count += 1;
}

static __always_inline int report(struct __sk_buff *skb, __u8 egress)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ethhdr *ethernet = data;
	struct iphdr *ip = data + sizeof(*ethernet);
	struct ports *ports = (void *)(ip + 1);
	struct packet_event *event;

	if ((void *)(ports + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
		return -1;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return -1;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		lose();
		return -1;
	}
	event->time = bpf_ktime_get_ns();
	event->source = ip->saddr;
	event->destination = ip->daddr;
	event->source_port = ports->source;
	event->destination_port = ports->destination;
	event->ifindex = skb->ifindex;
	event->length = skb->len;
	event->protocol = ip->protocol;
	event->egress = egress;
	event->unused = 0;
	bpf_ringbuf_submit(event, 0);
	return -1;
}

SEC("tc")
int count_ingress(struct __sk_buff *skb)
{
	return report(skb, 0);
}

SEC("tc")
int count_egress(struct __sk_buff *skb)
{
	return report(skb, 1);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
