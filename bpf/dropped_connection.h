/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The connection tracking's entry of a packet that is about to be freed. One whose first packet is dropped is never
 * confirmed, and nobody is told of it: only the packet itself knows where it was sent to before DNAT.
 */
#ifndef VETHSCOPE_DROPPED_CONNECTION_H
#define VETHSCOPE_DROPPED_CONNECTION_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#include "drops.h"

/* Types of nf_conntrack, which may be a module and so not in vmlinux.h; looked up when the program is loaded. */
union nf_inet_addr___known {
	__be32 all[4];
};

struct nf_conntrack_man___known {
	union nf_inet_addr___known u3;
	union {
		__be16 all;
	} u;
	__u16 l3num;
} __attribute__((preserve_access_index));

struct nf_conntrack_tuple___known {
	struct nf_conntrack_man___known src;
	struct {
		union nf_inet_addr___known u3;
		union {
			__be16 all;
		} u;
		__u8 protonum;
	} dst;
} __attribute__((preserve_access_index));

struct nf_conntrack_tuple_hash___known {
	struct nf_conntrack_tuple___known tuple;
} __attribute__((preserve_access_index));

struct nf_conn___known {
	struct nf_conntrack_tuple_hash___known tuplehash[2];
	unsigned long status;
} __attribute__((preserve_access_index));

struct sk_buff___tracked {
	unsigned long _nfct;
} __attribute__((preserve_access_index));

#define NFCT_INFO_MASK 7UL
#define IPS_CONFIRMED_BIT 3
#define AF_INET_NUMBER 2

static __always_inline void copy_address(__u8 *address, const union nf_inet_addr___known *from, int is_ipv4)
{
	__be32 all[4];

	bpf_probe_read_kernel(all, sizeof(all), from);
	if (is_ipv4) {
		((__u32 *)address)[0] = 0;
		((__u32 *)address)[1] = 0;
		((__u32 *)address)[2] = 0xffff0000;
		((__u32 *)address)[3] = all[0];
	} else {
		__builtin_memcpy(address, all, sizeof(all));
	}
}

static __always_inline int is_icmp(__u8 protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

static __always_inline void read_tuple(const struct nf_conntrack_tuple___known *from, __u8 protocol, int is_ipv4,
				       struct tracked_tuple *tuple)
{
	copy_address(tuple->source, &from->src.u3, is_ipv4);
	copy_address(tuple->destination, &from->dst.u3, is_ipv4);
	tuple->source_port = bpf_ntohs(BPF_CORE_READ(from, src.u.all));
	tuple->destination_port = is_icmp(protocol) ? tuple->source_port : bpf_ntohs(BPF_CORE_READ(from, dst.u.all));
}

/* Both are in one order of bytes, so whole words compare. */
static __always_inline int is_turned(const struct tracked_tuple *one, const struct tracked_tuple *other)
{
	const __u32 *a = (const void *)one, *b = (const void *)other;

	return a[0] == b[4] && a[1] == b[5] && a[2] == b[6] && a[3] == b[7] && a[4] == b[0] && a[5] == b[1] &&
	       a[6] == b[2] && a[7] == b[3] && one->source_port == other->destination_port &&
	       one->destination_port == other->source_port;
}

/* 1 where the packet is the first of a connection that NAT changed and that will never be: described then. */
static __always_inline int read_connection(const struct sk_buff *skb, struct dropped_connection *connection)
{
	const struct sk_buff___tracked *tracked = (const void *)skb;
	const struct nf_conn___known *entry;
	int is_ipv4;

	if (!bpf_core_field_exists(tracked->_nfct) || !bpf_core_type_exists(struct nf_conn___known))
		return 0;
	entry = (const void *)(BPF_CORE_READ(tracked, _nfct) & ~NFCT_INFO_MASK);
	if (!entry || (BPF_CORE_READ(entry, status) & (1UL << IPS_CONFIRMED_BIT)))
		return 0;
	connection->protocol = BPF_CORE_READ(entry, tuplehash[0].tuple.dst.protonum);
	is_ipv4 = BPF_CORE_READ(entry, tuplehash[0].tuple.src.l3num) == AF_INET_NUMBER;
	connection->kind = DROPPED_CONNECTION;
	connection->family = is_ipv4 ? 4 : 6;
	/* In place of the destination's port: the type, then the code. */
	if (is_icmp(connection->protocol))
		connection->icmp_type = bpf_ntohs(BPF_CORE_READ(entry, tuplehash[0].tuple.dst.u.all)) >> 8;
	read_tuple(&entry->tuplehash[0].tuple, connection->protocol, is_ipv4, &connection->original);
	read_tuple(&entry->tuplehash[1].tuple, connection->protocol, is_ipv4, &connection->reply);
	return !is_turned(&connection->original, &connection->reply);
}

#endif
