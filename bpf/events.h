/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Rare packets with their exact time. The reader polls: a wake-up per event costs over a microsecond. */
#ifndef VETHSCOPE_EVENTS_H
#define VETHSCOPE_EVENTS_H

#include "clock.h"
#include "flow_key.h"
#include "fragments.h"
#include "quote.h"
#include "scratch_pad.h"

#define MAX_EVENT_DATA 65536
#define DNS_PORT 53
#define DNS_DATA 4096
#define SAMPLE_DATA 64
#define BUDGET_SHIFT 8 /* of coarse time: windows of 2^28 ns */

/* Where an event is put together, one for each CPU: programs do not interrupt each other. */
struct event_buffer {
	struct event event;
	__u8 data[MAX_EVENT_DATA];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* the addon asks for as many as there are CPUs */
	__type(key, __u32);
	__type(value, struct event_buffer);
} event_buffers SEC(".maps");

/* How many events of each kind a point has sent in this window, on this CPU. */
struct event_budget {
	__u32 window;
	__u32 sent;
};

struct event_budgets {
	struct event_budget of[EVENT_KINDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_INTERFACES << 1);
	__type(key, __u32);
	__type(value, struct event_budgets);
} budgets SEC(".maps");

/* What to send of a packet. */
struct event_request {
	__u32 kind;
	__u32 value;
	__u32 start; /* of the data, within the packet */
	__u32 length; /* of the data, at most */
	__u32 offset; /* as in struct event */
};

static __always_inline int within_rate(struct point_counters *counters, __u32 point, __u32 kind)
{
	__u32 index = point >> POINT_SHIFT << 1 | (point & POINT_EGRESS ? 1 : 0);
	struct event_budgets *budget = bpf_map_lookup_elem(&budgets, &index);
	__u32 window = coarse_now() >> BUDGET_SHIFT;

	/* A limit of 0: nobody asked. */
	if (!budget || kind >= EVENT_KINDS || !control.limits[kind])
		return 0;
	if (budget->of[kind].window != window) {
		budget->of[kind].window = window;
		budget->of[kind].sent = 0;
	}
	if (budget->of[kind].sent < control.limits[kind]) {
		budget->of[kind].sent += 1;
		return 1;
	}
	counters->suppressed[kind] += 1;
	return 0;
}

static __always_inline struct event_buffer *buffer_of_cpu(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&event_buffers, &cpu);
}

static __always_inline void fill_event(struct event *event, struct __sk_buff *skb, const struct flow_key *key,
				       const struct observation *at)
{
	__builtin_memcpy(&event->key, key, sizeof(event->key));
	event->point = at->point;
	event->time = bpf_ktime_get_ns();
	event->ifindex = skb->ifindex;
	event->length = skb->len;
	event->packets = at->size.packets;
}

static __always_inline void send_buffer(struct point_counters *counters, struct event_buffer *buffer, __u32 length)
{
	buffer->event.captured = length;
	if (bpf_ringbuf_output(&events, buffer, sizeof(buffer->event) + length, BPF_RB_NO_WAKEUP))
		counters->events_lost += 1;
}

/* Sends part of the packet, if the point's rate allows. */
static __noinline void send_packet(struct __sk_buff *skb, struct point_counters *counters, const struct observation *at,
				   const struct event_request *request)
{
	__u32 length = request->length;
	struct event_buffer *buffer;
	__u32 rest;

	if (skb->len <= request->start || !within_rate(counters, at->point, request->kind))
		return;
	buffer = buffer_of_cpu();
	if (!buffer)
		return;
	fill_event(&buffer->event, skb, &at->key, at);
	buffer->event.kind = request->kind;
	buffer->event.value = request->value;
	buffer->event.offset = request->offset;
	rest = skb->len - request->start;
	if (length > rest)
		length = rest;
	if (length > MAX_EVENT_DATA - 1)
		length = MAX_EVENT_DATA - 1;
	barrier_var(length);
	length &= MAX_EVENT_DATA - 1;
	if (!length || bpf_skb_load_bytes(skb, request->start, buffer->data, length))
		return;
	send_buffer(counters, buffer, length);
}

static __always_inline int is_dns(const struct flow_key *key)
{
	return (key->low_port == DNS_PORT || key->high_port == DNS_PORT) &&
	       (key->protocol == IPPROTO_UDP || key->protocol == IPPROTO_TCP) && key->detail != DETAIL_FRAGMENT;
}

static __always_inline void send_dns(struct __sk_buff *skb, struct point_counters *counters,
				     const struct observation *at)
{
	struct event_request request = {
		.kind = EVENT_DNS,
		.value = at->packet.tcp_sequence,
		.start = at->packet.header_length,
		.length = at->payload < DNS_DATA ? at->payload : DNS_DATA,
	};

	send_packet(skb, counters, at, &request);
}

/* Ties an ICMP error to the flow it quotes (RFC 792, RFC 4443 section 2.4). The error's key is canonical. */
static __noinline void send_icmp_error(struct __sk_buff *skb, struct point_counters *counters, struct scratch_pad *work)
{
	const struct observation *at = &work->outer;
	const __u8 *reporter = at->point & POINT_FROM_HIGH ? at->key.high_address : at->key.low_address;
	struct observation *quoted = &work->inner;
	struct event_buffer *buffer;

	if (parse_quoted(skb, at->packet.header_length, at->packet.mode, at->key.family) != PARSED)
		return;
	if (quoted->packet.fragment == FRAGMENT_LATER)
		join_fragment(&quoted->key, &quoted->packet);
	make_canonical(&quoted->key);
	if (!within_rate(counters, at->point, EVENT_ICMP_ERROR))
		return;
	buffer = buffer_of_cpu();
	if (!buffer)
		return;
	fill_event(&buffer->event, skb, &quoted->key, at);
	buffer->event.kind = EVENT_ICMP_ERROR;
	buffer->event.value = at->key.detail;
	buffer->event.offset = 0;
	__builtin_memcpy(buffer->data, reporter, 16);
	send_buffer(counters, buffer, 16);
}

/* The first bytes of a packet that could not be read, for the curious. */
static __always_inline void send_sample(struct __sk_buff *skb, struct point_counters *counters,
					const struct observation *at, __u32 cause)
{
	struct event_request request = { .kind = EVENT_SAMPLE, .value = cause, .length = SAMPLE_DATA };

	send_packet(skb, counters, at, &request);
}

#endif
