/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Reads a packet that the kernel is about to free: from kernel memory, as no program of an interface has it. Its data
 * may begin at any layer, so the network header's offset counts.
 */
#ifndef VETHSCOPE_DROPPED_PACKET_H
#define VETHSCOPE_DROPPED_PACKET_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#include "key_order.h"

#define DROPPED_EXTENSION_HEADERS 4
#define HEADER_UNSET 0xffff

#define ETH_P_IP 0x0800
#define ETH_P_ARP 0x0806
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8
#define ETH_P_IPV6 0x86dd
#define AF_INET 2
#define AF_INET6 10

#define IP_OFFSET_MASK 0x1fff
#define IPV6_OFFSET_MASK 0xfff8

/* Macros in the kernel, so not in its BTF. */
#define IPPROTO_HOPOPTS 0
#define IPPROTO_ROUTING 43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_ICMPV6 58
#define IPPROTO_DSTOPTS 60

#define ICMP_ECHO_REPLY 0
#define ICMP_ECHO_REQUEST 8
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY 129

/* The linear part. */
struct dropped_packet {
	const unsigned char *head;
	__u32 offset; /* of the next header */
	__u32 end;
};

static __always_inline int read_header(const struct dropped_packet *packet, void *header, __u32 size)
{
	if (packet->offset + size > packet->end)
		return -1;
	return bpf_probe_read_kernel(header, size, packet->head + packet->offset);
}

/* 1 for what flows are made of, and for what they need: IP, ARP, tagged frames. Sockets of other families free buffers
 * too, with no protocol in them.
 */
static __always_inline int is_network_packet(const struct sk_buff *skb)
{
	__u16 family;

	switch (bpf_ntohs(BPF_CORE_READ(skb, protocol))) {
	case ETH_P_IP:
	case ETH_P_IPV6:
	case ETH_P_ARP:
	case ETH_P_8021Q:
	case ETH_P_8021AD:
		return 1;
	case 0:
		family = BPF_CORE_READ(skb, sk, __sk_common.skc_family);
		return family == AF_INET || family == AF_INET6;
	default:
		return 0;
	}
}

static __always_inline int read_ports(const struct dropped_packet *packet, struct flow_key *key)
{
	__be16 ports[2];

	if (read_header(packet, ports, sizeof(ports)))
		return -1;
	key->low_port = bpf_ntohs(ports[0]);
	key->high_port = bpf_ntohs(ports[1]);
	return 0;
}

static __always_inline int read_icmp(const struct dropped_packet *packet, struct flow_key *key, __u8 request,
				     __u8 reply)
{
	struct icmphdr icmp;

	if (read_header(packet, &icmp, sizeof(icmp)))
		return -1;
	if (icmp.type != request && icmp.type != reply) {
		key->detail = icmp.type << 8 | icmp.code;
		return 0;
	}
	key->detail = request << 8;
	key->low_port = bpf_ntohs(icmp.un.echo.id);
	key->high_port = key->low_port;
	return 0;
}

static __always_inline int read_spi(struct dropped_packet *packet, struct flow_key *key, __u32 offset)
{
	__be32 spi;

	packet->offset += offset;
	if (read_header(packet, &spi, sizeof(spi)))
		return -1;
	key->low_port = bpf_ntohl(spi) >> 16;
	key->high_port = bpf_ntohl(spi);
	return 0;
}

/* The same rules as the collector's keys have (transport.h). */
static __always_inline int read_transport(struct dropped_packet *packet, struct flow_key *key)
{
	__be16 words[2];
	__u8 type;

	switch (key->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return read_ports(packet, key);
	case IPPROTO_ICMP:
		return read_icmp(packet, key, ICMP_ECHO_REQUEST, ICMP_ECHO_REPLY);
	case IPPROTO_ICMPV6:
		return read_icmp(packet, key, ICMPV6_ECHO_REQUEST, ICMPV6_ECHO_REPLY);
	case IPPROTO_IGMP:
		if (read_header(packet, &type, sizeof(type)))
			return -1;
		key->detail = type << 8;
		return 0;
	case IPPROTO_ESP:
		return read_spi(packet, key, 0);
	case IPPROTO_AH:
		return read_spi(packet, key, 4);
	case IPPROTO_GRE:
		if (read_header(packet, words, sizeof(words)))
			return -1;
		key->detail = bpf_ntohs(words[1]);
		return 0;
	default:
		return 0;
	}
}

static __always_inline int read_ipv4(struct dropped_packet *packet, struct flow_key *key)
{
	struct iphdr ip;

	if (read_header(packet, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return -1;
	key->family = 4;
	key->protocol = ip.protocol;
	((__u64 *)key->low_address)[1] = (__u64)ip.saddr << 32 | 0xffff0000;
	((__u64 *)key->high_address)[1] = (__u64)ip.daddr << 32 | 0xffff0000;
	if (ip.frag_off & bpf_htons(IP_OFFSET_MASK)) {
		key->detail = DETAIL_FRAGMENT;
		return 0;
	}
	packet->offset += ip.ihl * 4;
	return read_transport(packet, key);
}

struct extension {
	__u8 next;
	__u8 length;
	__be16 content; /* of a fragment header: offset and flag */
};

/* Leaves the transport protocol in the key; -1 where there are too many headers or they end too soon. */
static __always_inline int skip_extensions(struct dropped_packet *packet, struct flow_key *key)
{
	struct extension header;
	int i;

#pragma unroll
	for (i = 0; i <= DROPPED_EXTENSION_HEADERS; i++) {
		__u8 type = key->protocol;

		if (type != IPPROTO_HOPOPTS && type != IPPROTO_ROUTING && type != IPPROTO_DSTOPTS &&
		    type != IPPROTO_FRAGMENT)
			return 0;
		if (read_header(packet, &header, sizeof(header)))
			return -1;
		key->protocol = header.next;
		if (type == IPPROTO_FRAGMENT && header.content & bpf_htons(IPV6_OFFSET_MASK)) {
			key->detail = DETAIL_FRAGMENT;
			return 0;
		}
		packet->offset += type == IPPROTO_FRAGMENT ? 8 : (header.length + 1) * 8;
	}
	return -1;
}

static __always_inline int read_ipv6(struct dropped_packet *packet, struct flow_key *key)
{
	struct ipv6hdr ip;

	if (read_header(packet, &ip, sizeof(ip)) || ip.version != 6)
		return -1;
	key->family = 6;
	key->protocol = ip.nexthdr;
	__builtin_memcpy(key->low_address, &ip.saddr, sizeof(ip.saddr));
	__builtin_memcpy(key->high_address, &ip.daddr, sizeof(ip.daddr));
	packet->offset += sizeof(ip);
	if (skip_extensions(packet, key))
		return -1;
	return key->detail == DETAIL_FRAGMENT ? 0 : read_transport(packet, key);
}

/* Fills a zeroed key with the source as low side; -1 where the headers cannot be read. */
static __always_inline int read_packet(const struct sk_buff *skb, struct flow_key *key)
{
	struct dropped_packet packet = {
		.head = BPF_CORE_READ(skb, head),
		.offset = BPF_CORE_READ(skb, network_header),
		.end = BPF_CORE_READ(skb, tail),
	};
	__u16 type = bpf_ntohs(BPF_CORE_READ(skb, protocol));
	__u8 version;

	if (!packet.offset || packet.offset == HEADER_UNSET || (type && type != ETH_P_IP && type != ETH_P_IPV6))
		return -1;
	if (read_header(&packet, &version, sizeof(version)))
		return -1;
	return version >> 4 == 4 ? read_ipv4(&packet, key) : read_ipv6(&packet, key);
}

/* Bytes from the network header on, wherever the data begins by now. */
static __always_inline __u32 network_length(const struct sk_buff *skb)
{
	__u32 start = BPF_CORE_READ(skb, network_header);
	__u32 end = BPF_CORE_READ(skb, data) - BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, len);

	return start && start != HEADER_UNSET && start < end ? end - start : BPF_CORE_READ(skb, len);
}

static __always_inline __u32 wire_packets(const struct sk_buff *skb)
{
	struct skb_shared_info *shared = (void *)(BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, end));
	__u32 segments = BPF_CORE_READ(shared, gso_segs);

	return segments ? segments : 1;
}

#endif
