// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* The floor: what any program on the hook costs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int count_ingress(struct __sk_buff *skb)
{
	(void)skb;
	return -1;
}

SEC("tc")
int count_egress(struct __sk_buff *skb)
{
	(void)skb;
	return -1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
