/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Where the datagrams of the bench end: consumed at the host outside, with no socket, no answer, and no drop in the
 * kernel's sense, which a collector may trace. A legacy filter, as a TCX program cannot consume.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_P_IP 0x0800
#define FIRST_PORT 10000
#define TC_ACT_STOLEN 4
#define TC_ACT_UNSPEC (-1)

SEC("tc")
int swallow(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ethhdr *ethernet = data;
	struct iphdr *ip = data + sizeof(*ethernet);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_UDP)
		return TC_ACT_UNSPEC;
	return bpf_ntohs(udp->dest) < FIRST_PORT ? TC_ACT_UNSPEC : TC_ACT_STOLEN;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
