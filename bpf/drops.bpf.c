/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Counts every packet that the kernel drops in a watched namespace, wherever that is, with its reason, and tells of as
 * many of them as the rate allows. An object of its own: where it does not load (before 5.17 drops have no reason), the
 * collector does. It may interrupt the collector's programs on the same CPU and shares no memory with them but settings
 * and ring; the kernel does not let it interrupt itself, and counts what it skips for that.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "flow.h"
#include "drops.h"
#include "dropped_packet.h"
#include "dropped_connection.h"

#define WINDOW_SHIFT 28 /* of ns, as control.limits has them; tracing programs have no coarse clock */

/* The collector's own. */
struct control control SEC(".data.control");

#include "filter.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

/* Index of each watched namespace by its inode. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_DROP_NAMESPACES);
	__type(key, __u32);
	__type(value, __u32);
} drop_namespaces SEC(".maps");

/* Preallocated: a packet may be dropped where no memory can be taken. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, MAX_DROP_TOTALS);
	__type(key, struct drop_key);
	__type(value, struct drop_total);
} drop_totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct drop_state);
} drop_states SEC(".maps");

/* The kernel frees packets that did their duty through the same function. */
static __always_inline int is_drop(__u32 reason)
{
	if (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_CONSUMED) &&
	    reason == bpf_core_enum_value(enum skb_drop_reason, SKB_CONSUMED))
		return 0;
	if (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_NOT_DROPPED_YET) &&
	    reason == bpf_core_enum_value(enum skb_drop_reason, SKB_NOT_DROPPED_YET))
		return 0;
	return 1;
}

/* 1 when the namespace is watched. */
static __always_inline int find_namespace(struct net *net, struct drop_key *place)
{
	__u32 inode = BPF_CORE_READ(net, ns.inum);
	__u32 *index = bpf_map_lookup_elem(&drop_namespaces, &inode);

	if (!index)
		return 0;
	place->netns = *index;
	return 1;
}

/* Of a packet that its socket sends and that has no device yet: the one its route leads to. */
static __always_inline __u32 route_interface(const struct sk_buff *skb, struct net *net)
{
	struct dst_entry *route = (void *)(BPF_CORE_READ(skb, _skb_refdst) & ~1UL);
	struct net_device *device = BPF_CORE_READ(route, dev);

	return BPF_CORE_READ(device, nd_net.net) == net ? BPF_CORE_READ(device, ifindex) : 0;
}

/* In a socket's queues the field is used for something else. */
static __always_inline int is_device(const struct net_device *device)
{
	struct net *net = BPF_CORE_READ(device, nd_net.net);

	return net && BPF_CORE_READ(net, loopback_dev, nd_net.net) == net;
}

/* Where the packet is: at its device, else with its socket. A socket stays its sender's on the way into another
 * namespace, and what happens there is not the sender's namespace's.
 */
static __always_inline int find_place(const struct sk_buff *skb, struct drop_key *place)
{
	struct net_device *device = BPF_CORE_READ(skb, dev);
	struct sock *socket = BPF_CORE_READ(skb, sk);
	struct net *net;

	if (device && find_namespace(BPF_CORE_READ(device, nd_net.net), place)) {
		place->ifindex = BPF_CORE_READ(device, ifindex);
		return 1;
	}
	if (!socket || (device && is_device(device)))
		return 0;
	net = BPF_CORE_READ(socket, __sk_common.skc_net.net);
	if (!find_namespace(net, place))
		return 0;
	place->ifindex = BPF_CORE_READ(skb, skb_iif);
	if (!place->ifindex)
		place->ifindex = route_interface(skb, net);
	return 1;
}

/* NULL when there is no room. */
static __always_inline struct drop_total *total_of(const struct drop_key *place)
{
	struct drop_total *total = bpf_map_lookup_elem(&drop_totals, place);
	struct drop_total first = {};

	if (total)
		return total;
	/* Fails where another CPU was first, too. */
	bpf_map_update_elem(&drop_totals, place, &first, BPF_NOEXIST);
	return bpf_map_lookup_elem(&drop_totals, place);
}

static __always_inline int within_rate(struct drop_total *total)
{
	__u32 window = bpf_ktime_get_ns() >> WINDOW_SHIFT;

	if (total->window != window) {
		total->window = window;
		total->sent = 0;
	}
	if (total->sent >= control.limits[EVENT_DROP])
		return 0;
	total->sent += 1;
	return 1;
}

/* The key with the source as low side, all zero where the headers cannot be read. */
static __always_inline void read_key(const struct sk_buff *skb, const struct drop_key *place, struct flow_key *key)
{
	if (read_packet(skb, key))
		__builtin_memset(key, 0, sizeof(*key));
	key->netns = place->netns;
}

/* The kernel gives raw sockets, ping's too, copies of echo replies, and then frees the packet itself for want of a
 * "ping socket" (ping_rcv in net/ipv4/ping.c): nothing is lost, and no counter of the kernel's says so.
 */
static __always_inline int is_unclaimed_reply(const struct flow_key *key, const struct drop_key *place)
{
	return place->reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_NO_SOCKET) &&
	       ((key->protocol == IPPROTO_ICMP && key->detail == ICMP_ECHO_REQUEST << 8) ||
		(key->protocol == IPPROTO_ICMPV6 && key->detail == ICMPV6_ECHO_REQUEST << 8));
}

static __always_inline void describe(struct event *event, struct flow_key *key, const struct drop_key *place,
				     __u32 packets, __u32 length)
{
	event->point = order_sides(key) ? POINT_FROM_HIGH : 0;
	__builtin_memcpy(&event->key, key, sizeof(*key));
	event->kind = EVENT_DROP;
	event->time = bpf_ktime_get_ns();
	event->ifindex = place->ifindex;
	event->length = length;
	event->value = place->reason;
	event->packets = packets;
	event->captured = 0;
	event->offset = 0;
}

/* An event with the connection behind it. */
struct connection_event {
	struct event event;
	struct dropped_connection connection;
};

static __always_inline void send(struct drop_state *state, const struct sk_buff *skb, struct flow_key *key,
				 const struct drop_key *place, __u32 packets, __u32 length)
{
	struct dropped_connection connection = {};
	struct connection_event *longer;
	struct event *event;

	if (read_connection(skb, &connection)) {
		longer = bpf_ringbuf_reserve(&events, sizeof(*longer), 0);
		if (!longer)
			goto lost;
		describe(&longer->event, key, place, packets, length);
		longer->event.captured = sizeof(connection);
		__builtin_memcpy(&longer->connection, &connection, sizeof(connection));
		bpf_ringbuf_submit(longer, BPF_RB_NO_WAKEUP);
		return;
	}
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		goto lost;
	describe(event, key, place, packets, length);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return;
lost:
	state->events_lost += 1;
}

SEC("tp_btf/kfree_skb")
int drop(__u64 *arguments) /* the buffer, the code's address, the reason */
{
	const struct sk_buff *skb = (const void *)arguments[0];
	struct drop_key place = { .reason = arguments[2] };
	struct flow_key key = {};
	struct drop_total *total;
	struct drop_state *state;
	__u32 packets, length;
	__u32 zero = 0;

	if (!is_drop(place.reason) || !find_place(skb, &place) || !is_network_packet(skb))
		return 0;
	state = bpf_map_lookup_elem(&drop_states, &zero);
	if (!state)
		return 0;
	packets = wire_packets(skb);
	length = network_length(skb);
	read_key(skb, &place, &key);
	if (is_unclaimed_reply(&key, &place)) {
		state->unclaimed += packets;
		return 0;
	}
	/* The interfaces that a filter names are where packets are counted; they may be dropped anywhere. */
	if (control.live_filter && !matches_key(&key, control.live_filter)) {
		state->filtered += packets;
		return 0;
	}
	total = total_of(&place);
	if (!total) {
		state->map_full += packets;
		state->suppressed += 1;
		return 0;
	}
	total->packets += packets;
	total->bytes += length;
	if (within_rate(total))
		send(state, skb, &key, &place, packets, length);
	else
		state->suppressed += 1;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
