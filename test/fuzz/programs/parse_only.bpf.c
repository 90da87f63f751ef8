/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The collector's parser alone, for BPF_PROG_TEST_RUN: parses a packet and leaves what it read in a map. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "flow.h"
#include "maps.h"
#include "parse.h"
#include "parsed_packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct parsed_packet);
} parsed SEC(".maps");

SEC("tc")
int parse_only(struct __sk_buff *skb)
{
	struct flow_key key __attribute__((aligned(8))) = {};
	struct packet packet = {};
	struct parsed_packet *out;
	__u32 zero = 0;

	out = bpf_map_lookup_elem(&parsed, &zero);
	if (!out)
		return -1;
	out->cause = parse_packet(skb, ETHERNET_HEADER, &key, &packet);
	out->flags = out->cause == PARSED ? PARSED_OUTER : 0;
	out->outer = key;
	out->inner_cause = PARSED;
	return -1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
