/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The collector's parser alone, for BPF_PROG_TEST_RUN: parses a packet and leaves what it read in a map. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "flow.h"
#include "lease.h"
#include "maps.h"
#include "parse.h"
#include "scratch_pad.h"
#include "fragments.h"
#include "tunnel.h"
#include "quote.h"
#include "parsed_packet.h"

#define VXLAN_PORT 4789
#define VXLAN_LINUX_PORT 8472
#define GENEVE_PORT 6081

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct parsed_packet);
} parsed SEC(".maps");

/* The packet inside a tunnel. */
static __always_inline void leave_inner(struct __sk_buff *skb, struct scratch_pad *work, struct parsed_packet *out)
{
	if (!read_inner(skb, work))
		return;
	out->inner_cause = work->inner_cause;
	if (work->inner_cause != PARSED)
		return;
	out->inner = work->inner.key;
	out->vni = work->tunnel.identifier;
	out->flags |= PARSED_INNER;
}

/* What an ICMP error quotes; it takes the inner one's place, which such a packet has not. */
static __always_inline void leave_quoted(struct __sk_buff *skb, struct scratch_pad *work, struct parsed_packet *out)
{
	const struct observation *at = &work->outer;

	if (parse_quoted(skb, at->packet.header_length, at->packet.mode, at->key.family) != PARSED)
		return;
	out->quoted = work->inner.key;
	out->flags |= PARSED_QUOTED;
}

SEC("tc")
int parse_only(struct __sk_buff *skb)
{
	struct scratch_pad *work = scratch_of_cpu();
	struct parsed_packet *out;
	struct observation *at;
	__u32 zero = 0;

	out = bpf_map_lookup_elem(&parsed, &zero);
	if (!out || !work)
		return -1;
	/* As the agent sets them. */
	control.tunnel_ports[VXLAN_PORT] = TUNNEL_VXLAN;
	control.tunnel_ports[VXLAN_LINUX_PORT] = TUNNEL_VXLAN;
	control.tunnel_ports[GENEVE_PORT] = TUNNEL_GENEVE;
	at = &work->outer;
	__builtin_memset(&at->packet, 0, sizeof(at->packet));
	out->inner_cause = PARSED;
	out->cause = parse_packet(skb, ETHERNET_HEADER, &at->key, &at->packet);
	forget_memory();
	if (out->cause != PARSED)
		return -1;
	out->flags = PARSED_OUTER;
	if (at->packet.tunnel)
		leave_inner(skb, work, out);
	if (at->packet.fragment)
		join_fragment(&at->key, &at->packet);
	out->outer = at->key;
	if (at->packet.quotes)
		leave_quoted(skb, work, out);
	return -1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
