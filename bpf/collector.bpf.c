/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The collector: counts every packet of an interface and direction, and lets it pass. Its programs, attached by TCX at
 * the head of the chain or as legacy filters, share the maps of maps.h with the agent. README.md says what was measured
 * and chosen.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "flow.h"
#include "lease.h"
#include "maps.h"
#include "parse.h"
#include "scratch_pad.h"
#include "flow_key.h"
#include "wire_size.h"
#include "point_counters.h"
#include "fragments.h"
#include "streams.h"
#include "flow_counters.h"
#include "filter.h"
#include "inner_flows.h"
#include "events.h"
#include "capture.h"

/* TCX_NEXT, TC_ACT_UNSPEC: the next program, qdisc or filter decides. Anything else would switch those off. */
#define NEXT (-1)

/* What the packets of a sender without a socket here tell beside their number; one with a socket is asked. */
static __always_inline void look_at_stream(struct __sk_buff *skb, struct observation *at)
{
	if (skb->sk)
		return;
	if (at->packet.tcp_flags & TCP_SYN)
		bpf_map_delete_elem(&streams, &at->key);
	else if (at->payload)
		track_stream(at);
}

/* A parsed packet that passed the filter. Its key is canonical. */
static __always_inline void count(struct __sk_buff *skb, struct point_counters *counters, struct scratch_pad *work)
{
	struct observation *at = &work->outer;
	int tcp = at->key.protocol == IPPROTO_TCP;
	int dns = at->entrance && is_dns(&at->key);

	at->payload = 0;
	if (at->entrance && (tcp || dns) && !at->packet.fragment) {
		at->payload = payload_length(skb, &at->packet);
		if (tcp)
			look_at_stream(skb, at);
	}
	count_flow(skb, at);
	counters->counted += at->size.packets;
	if (dns && at->payload)
		send_dns(skb, counters, at);
	if (at->packet.quotes && at->entrance)
		send_icmp_error(skb, counters, work);
}

/* A packet without a key. */
static __noinline void count_unparsed(struct __sk_buff *skb, struct point_counters *counters, struct observation *at,
				      __u32 cause)
{
	if (cause < UNPARSED_CAUSES)
		counters->unparsed[cause] += at->size.packets;
	__builtin_memset(&at->key, 0, sizeof(at->key));
	if (control.capture)
		capture(skb, counters, at, cause);
	send_sample(skb, counters, at, cause);
}

static __always_inline int lease_is_over(void)
{
	struct lease *owner;
	__u32 zero = 0;

	if (!has_lease)
		return 0;
	owner = bpf_map_lookup_elem(&lease, &zero);
	/* Exact: once a packet, and only where there is no TCX. */
	return !owner || bpf_ktime_get_ns() > owner->alive_until;
}

static __always_inline int observe(struct __sk_buff *skb, const __u32 egress)
{
	struct scratch_pad *work = scratch_of_cpu();
	struct point_counters *counters;
	struct interface_entry *interface;
	struct observation *at;
	__u32 header_length;
	__u32 inner = 0;
	__u32 number;
	__u32 cause;

	if (lease_is_over())
		return NEXT;
	interface = interface_of(skb->ifindex);
	if (!interface || !work)
		return NEXT;
	counters = point_of(interface->index, egress);
	if (!counters || !interface->index)
		return NEXT;
	at = &work->outer;
	at->point = interface->index << POINT_SHIFT | egress << 1;
	at->time = coarse_time(work);
	at->entrance = is_entrance(skb, interface->settings.entrance, egress);
	__builtin_memset(&at->packet, 0, sizeof(at->packet));
	at->packet.segment = skb->gso_size;
	cause = parse_packet(skb, interface->settings.link_header, &at->key, &at->packet);
	forget_memory();

	header_length = at->packet.header_length;
	if (at->packet.tunnel && cause == PARSED) {
		inner = read_inner(skb, work);
		/* Segmentation repeats the headers of the packet inside, too. */
		if (inner && work->inner_cause == PARSED)
			header_length = work->inner.packet.header_length;
	}
	at->size = wire_size(skb, &at->packet, header_length);
	count_point(counters, &at->size);
	if (cause != PARSED) {
		count_unparsed(skb, counters, at, cause);
		return NEXT;
	}

	if (at->packet.fragment && join_fragment(&at->key, &at->packet))
		counters->loose_fragments += at->size.packets;
	at->point |= make_canonical(&at->key);
	if (control.capture)
		capture(skb, counters, at, cause);
	number = control.live_filter;
	if (number && !matches(&at->key, number, interface->index))
		counters->filtered += at->size.packets;
	else
		count(skb, counters, work);
	if (inner)
		count_inner(skb, counters, work);
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
