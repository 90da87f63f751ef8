/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The collector: counts every packet of an interface and direction, and lets it pass. Two programs, attached by TCX
 * at the head of the chain, share the maps of maps.h with the agent. README.md says what was measured and chosen.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "flow.h"
#include "maps.h"
#include "parse.h"
#include "tunnel.h"
#include "flow_key.h"
#include "wire_size.h"
#include "flow_counters.h"
#include "point_counters.h"
#include "events.h"

/* TCX_NEXT, TC_ACT_UNSPEC: the next program, qdisc or filter decides. Anything else would switch those off. */
#define NEXT (-1)

static __always_inline int observe(struct __sk_buff *skb, __u32 egress)
{
	struct flow_key key __attribute__((aligned(8)));
	struct point_counters *point;
	struct packet packet = {};
	enum unparsed_cause cause;
	struct wire_size size;
	__u32 flow_point;
	__u32 segment;

	point = point_of(skb->ifindex, egress);
	if (!point)
		return NEXT;

	/* Read once: what the compiler makes of two reads, the verifier refuses. */
	segment = skb->gso_size;
	barrier_var(segment);
	cause = parse_packet(skb, point->link_header, &key, &packet);
	if (segment && cause == PARSED && key.protocol == IPPROTO_UDP)
		packet.header_length += tunnel_header_length(skb, packet.header_length, key.high_port);
	size = wire_size(skb, &packet, segment);
	count_point(point, &size);
	if (cause != PARSED) {
		point->unparsed[cause] += size.packets;
		return NEXT;
	}

	flow_point = skb->ifindex << 2 | egress << 1 | make_canonical(&key);
	count_flow(skb, point, &key, &packet, flow_point, &size);
	if (packet.tcp_flags & (TCP_SYN | TCP_RST))
		report_event(point, &key, &packet, flow_point);
	return NEXT;
}

SEC("tc")
int ingress(struct __sk_buff *skb)
{
	return observe(skb, 0);
}

SEC("tc")
int egress(struct __sk_buff *skb)
{
	return observe(skb, 1);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
