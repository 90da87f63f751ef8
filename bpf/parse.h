/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* From a buffer to addresses, ports and protocol. Reads only; what it cannot read it names by cause. */
#ifndef VETHSCOPE_PARSE_H
#define VETHSCOPE_PARSE_H

#include <bpf/bpf_endian.h>

#define ETHERNET_HEADER 14
#define VLAN_HEADER 4
#define MAX_VLAN_TAGS 2
#define MAX_EXTENSION_HEADERS 6

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8

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

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_ACK 0x10
#define TCP_RST 0x04

/* Not a cause: the packet has a key. */
#define PARSED UNPARSED_CAUSES

/* What the key does not hold. */
struct packet {
	__u32 header_length; /* from the first byte that skb->len counts up to the payload, as far as parsed */
	__u32 tcp_flags;
	__u32 tcp_sequence;
	__u32 dscp;
	__u32 jumbo_header; /* bytes of a jumbogram option that segmentation takes out again */
	__u32 relative; /* no link header known: offsets count from the network header */
};

/* A header at an offset: in place where the linear part holds it, else copied from the fragments. */
static __always_inline const void *header_at(struct __sk_buff *skb, const struct packet *packet, __u32 offset,
					     void *copy, __u32 size)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;

	if (packet->relative) {
		if (bpf_skb_load_bytes_relative(skb, offset, copy, size, BPF_HDR_START_NET))
			return NULL;
		return copy;
	}
	if (data + offset + size <= end)
		return data + offset;
	if (bpf_skb_load_bytes(skb, offset, copy, size))
		return NULL;
	return copy;
}

struct ports {
	__be16 source;
	__be16 destination;
};

static __always_inline enum unparsed_cause parse_tcp(struct __sk_buff *skb, struct flow_key *key, struct packet *packet)
{
	const struct tcphdr *tcp;
	struct tcphdr copy;

	tcp = header_at(skb, packet, packet->header_length, &copy, sizeof(copy));
	if (!tcp)
		return UNPARSED_TRUNCATED;
	if (tcp->doff < 5)
		return UNPARSED_BAD_HEADER;
	key->low_port = bpf_ntohs(tcp->source);
	key->high_port = bpf_ntohs(tcp->dest);
	packet->tcp_flags = ((const __u8 *)tcp)[13];
	if ((packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		packet->tcp_flags |= POINT_OPENED;
	packet->tcp_sequence = bpf_ntohl(tcp->seq);
	packet->header_length += tcp->doff * 4;
	return PARSED;
}

static __always_inline enum unparsed_cause parse_ports(struct __sk_buff *skb, struct flow_key *key,
						       struct packet *packet, __u32 header_length)
{
	const struct ports *ports;
	struct ports copy;

	ports = header_at(skb, packet, packet->header_length, &copy, sizeof(copy));
	if (!ports)
		return UNPARSED_TRUNCATED;
	key->low_port = bpf_ntohs(ports->source);
	key->high_port = bpf_ntohs(ports->destination);
	packet->header_length += header_length;
	return PARSED;
}

static __always_inline enum unparsed_cause parse_icmp(struct __sk_buff *skb, struct flow_key *key,
						      struct packet *packet, __u8 echo_request, __u8 echo_reply)
{
	const struct icmphdr *icmp;
	struct icmphdr copy;

	icmp = header_at(skb, packet, packet->header_length, &copy, sizeof(copy));
	if (!icmp)
		return UNPARSED_TRUNCATED;
	if (icmp->type == echo_request || icmp->type == echo_reply) {
		key->icmp = echo_request << 8;
		key->low_port = bpf_ntohs(icmp->un.echo.id);
		key->high_port = key->low_port;
		packet->tcp_flags = icmp->type == echo_request ? POINT_OPENED : 0;
	} else {
		key->icmp = icmp->type << 8 | icmp->code;
	}
	packet->header_length += sizeof(*icmp);
	return PARSED;
}

static __always_inline enum unparsed_cause parse_transport(struct __sk_buff *skb, struct flow_key *key,
							   struct packet *packet)
{
	key->low_port = 0;
	key->high_port = 0;
	key->icmp = 0;
	switch (key->protocol) {
	case IPPROTO_TCP:
		return parse_tcp(skb, key, packet);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return parse_ports(skb, key, packet, sizeof(struct udphdr));
	case IPPROTO_SCTP:
		return parse_ports(skb, key, packet, 12);
	case IPPROTO_ICMP:
		return parse_icmp(skb, key, packet, ICMP_ECHO_REQUEST, ICMP_ECHO_REPLY);
	case IPPROTO_ICMPV6:
		return parse_icmp(skb, key, packet, ICMPV6_ECHO_REQUEST, ICMPV6_ECHO_REPLY);
	default:
		return UNPARSED_PROTOCOL;
	}
}

/* ::ffff:a.b.c.d, written as two words. */
static __always_inline void map_ipv4(__u8 *address, __be32 ipv4)
{
	((__u64 *)address)[0] = 0;
	((__u64 *)address)[1] = (__u64)ipv4 << 32 | 0xffff0000;
}

static __always_inline enum unparsed_cause parse_ipv4(struct __sk_buff *skb, struct flow_key *key,
						      struct packet *packet)
{
	const struct iphdr *ip;
	struct iphdr copy;

	ip = header_at(skb, packet, packet->header_length, &copy, sizeof(copy));
	if (!ip)
		return UNPARSED_TRUNCATED;
	if (ip->version != 4 || ip->ihl < 5)
		return UNPARSED_BAD_HEADER;
	map_ipv4(key->low_address, ip->saddr);
	map_ipv4(key->high_address, ip->daddr);
	key->family = 4;
	key->protocol = ip->protocol;
	packet->dscp = ip->tos >> 2;
	packet->header_length += ip->ihl * 4;
	if (packet->header_length > skb->len)
		return UNPARSED_IP_OPTIONS;
	if (ip->frag_off & bpf_htons(IP_OFFSET_MASK))
		return UNPARSED_FRAGMENT;
	return parse_transport(skb, key, packet);
}

struct extension_header {
	__u8 next_header;
	__u8 length;
	__be16 fragment_offset; /* of a fragment header; in others the first two bytes of the content */
};

/* Walks the extension headers; leaves the transport protocol in the key. */
static __always_inline enum unparsed_cause skip_extension_headers(struct __sk_buff *skb, struct flow_key *key,
								  struct packet *packet)
{
	const struct extension_header *header;
	struct extension_header copy;
	int i;

	for (i = 0; i < MAX_EXTENSION_HEADERS; i++) {
		__u8 type = key->protocol;

		if (type != IPPROTO_HOPOPTS && type != IPPROTO_ROUTING && type != IPPROTO_DSTOPTS &&
		    type != IPPROTO_AH && type != IPPROTO_FRAGMENT)
			return PARSED;
		header = header_at(skb, packet, packet->header_length, &copy, sizeof(copy));
		if (!header)
			return UNPARSED_TRUNCATED;
		key->protocol = header->next_header;
		if (type == IPPROTO_FRAGMENT) {
			if (header->fragment_offset & bpf_htons(IPV6_OFFSET_MASK))
				return UNPARSED_FRAGMENT;
			packet->header_length += 8;
		} else if (type == IPPROTO_AH) {
			packet->header_length += (header->length + 2) * 4;
		} else {
			/* BIG TCP: the kernel's own jumbogram option (type 194, length 4), gone from the segments. */
			if (type == IPPROTO_HOPOPTS && header->fragment_offset == bpf_htons(0xc204))
				packet->jumbo_header = 8;
			packet->header_length += (header->length + 1) * 8;
		}
	}
	return UNPARSED_EXTENSION_HEADER;
}

static __always_inline enum unparsed_cause parse_ipv6(struct __sk_buff *skb, struct flow_key *key,
						      struct packet *packet)
{
	const struct ipv6hdr *ip;
	enum unparsed_cause cause;
	struct ipv6hdr copy;
	const __be32 *source;
	const __be32 *destination;
	int i;

	ip = header_at(skb, packet, packet->header_length, &copy, sizeof(copy));
	if (!ip)
		return UNPARSED_TRUNCATED;
	if (ip->version != 6)
		return UNPARSED_BAD_HEADER;
	source = ip->saddr.in6_u.u6_addr32;
	destination = ip->daddr.in6_u.u6_addr32;
#pragma unroll
	for (i = 0; i < 4; i++) {
		((__be32 *)key->low_address)[i] = source[i];
		((__be32 *)key->high_address)[i] = destination[i];
	}
	key->family = 6;
	key->protocol = ip->nexthdr;
	packet->dscp = ip->priority << 2 | ip->flow_lbl[0] >> 6;
	packet->header_length += sizeof(*ip);
	cause = skip_extension_headers(skb, key, packet);
	if (cause != PARSED)
		return cause;
	return parse_transport(skb, key, packet);
}

/* Skips the link header; the EtherType comes back in host order, 0 where the packet ends before it. */
static __always_inline __u16 parse_link(struct __sk_buff *skb, __u32 link_header, struct packet *packet)
{
	const __be16 *type;
	__be16 copy;
	int i;

	if (link_header != ETHERNET_HEADER) {
		packet->relative = 1;
		return bpf_ntohs(skb->protocol);
	}
	packet->header_length = ETHERNET_HEADER;
#pragma unroll
	for (i = 0; i <= MAX_VLAN_TAGS; i++) {
		type = header_at(skb, packet, packet->header_length - sizeof(copy), &copy, sizeof(copy));
		if (!type)
			return 0;
		if (*type != bpf_htons(ETH_P_8021Q) && *type != bpf_htons(ETH_P_8021AD))
			return bpf_ntohs(*type);
		packet->header_length += VLAN_HEADER;
	}
	return ETH_P_8021Q;
}

/* Fills key with the source as low side, PARSED or the cause. link_header: its bytes, 0 where the device has none. */
static __always_inline enum unparsed_cause parse_packet(struct __sk_buff *skb, __u32 link_header, struct flow_key *key,
							struct packet *packet)
{
	switch (parse_link(skb, link_header, packet)) {
	case ETH_P_IP:
		return parse_ipv4(skb, key, packet);
	case ETH_P_IPV6:
		return parse_ipv6(skb, key, packet);
	case 0:
		return UNPARSED_TRUNCATED;
	default:
		return UNPARSED_NOT_IP;
	}
}

#endif
