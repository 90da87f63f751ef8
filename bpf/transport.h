/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Ports, or what a protocol has instead of them. The source is the low side here. */
#ifndef VETHSCOPE_TRANSPORT_H
#define VETHSCOPE_TRANSPORT_H

#include "packet.h"

/* Macros in the kernel, so not in its BTF. */
#define IPPROTO_ICMPV6 58

#define ICMP_ECHO_REPLY 0
#define ICMP_UNREACHABLE 3
#define ICMP_QUENCH 4
#define ICMP_REDIRECT 5
#define ICMP_ECHO_REQUEST 8
#define ICMP_EXCEEDED 11
#define ICMP_PARAMETER 12
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY 129
#define ICMPV6_FIRST_INFORMATION 128 /* errors are below, RFC 4443 section 2.1 */

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

#define GRE_VERSION 0x0007

/* Not a cause: the packet has a key. */
#define PARSED UNPARSED_CAUSES

struct ports {
	__be16 source;
	__be16 destination;
};

static __always_inline enum unparsed_cause parse_ports(struct __sk_buff *skb, struct flow_key *key,
						       struct packet *packet, __u32 header_length)
{
	const struct ports *ports;
	struct ports copy;

	if (!within(packet, sizeof(copy)))
		return UNPARSED_TRUNCATED;
	ports = header_at(skb, packet, packet->header_length, &copy, sizeof(copy));
	if (!ports)
		return UNPARSED_TRUNCATED;
	key->low_port = bpf_ntohs(ports->source);
	key->high_port = bpf_ntohs(ports->destination);
	packet->header_length += header_length;
	return PARSED;
}

static __always_inline enum unparsed_cause parse_udp(struct __sk_buff *skb, struct flow_key *key, struct packet *packet)
{
	enum unparsed_cause cause = parse_ports(skb, key, packet, sizeof(struct udphdr));

	if (cause == PARSED)
		packet->tunnel = control.tunnel_ports[key->high_port];
	return cause;
}

static __always_inline enum unparsed_cause parse_tcp(struct __sk_buff *skb, struct flow_key *key, struct packet *packet)
{
	const struct tcphdr *tcp;
	struct tcphdr copy;

	if (!within(packet, sizeof(copy)))
		return UNPARSED_TRUNCATED;
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
	packet->tcp_window = bpf_ntohs(tcp->window);
	packet->header_length += tcp->doff * 4;
	return PARSED;
}

/* Over the other IP than its own, ICMP means nothing. */
static __always_inline int is_icmp_error(const struct flow_key *key, __u8 type)
{
	if (key->protocol == IPPROTO_ICMPV6)
		return key->family == 6 && type < ICMPV6_FIRST_INFORMATION;
	return key->family == 4 && (type == ICMP_UNREACHABLE || type == ICMP_EXCEEDED || type == ICMP_PARAMETER ||
				    type == ICMP_QUENCH || type == ICMP_REDIRECT);
}

static __always_inline enum unparsed_cause parse_icmp(struct __sk_buff *skb, struct flow_key *key,
						      struct packet *packet, __u8 echo_request, __u8 echo_reply)
{
	const struct icmphdr *icmp;
	struct icmphdr copy;

	if (!within(packet, sizeof(copy)))
		return UNPARSED_TRUNCATED;
	icmp = header_at(skb, packet, packet->header_length, &copy, sizeof(copy));
	if (!icmp)
		return UNPARSED_TRUNCATED;
	if (icmp->type == echo_request || icmp->type == echo_reply) {
		key->detail = echo_request << 8;
		key->low_port = bpf_ntohs(icmp->un.echo.id);
		key->high_port = key->low_port;
		packet->tcp_flags = icmp->type == echo_request ? POINT_OPENED : 0;
	} else {
		key->detail = icmp->type << 8 | icmp->code;
		packet->quotes = is_icmp_error(key, icmp->type);
	}
	packet->header_length += sizeof(*icmp);
	return PARSED;
}

static __always_inline enum unparsed_cause parse_igmp(struct __sk_buff *skb, struct flow_key *key,
						      struct packet *packet)
{
	const __u8 *type;
	__u8 copy;

	if (!within(packet, sizeof(copy)))
		return UNPARSED_TRUNCATED;
	type = header_at(skb, packet, packet->header_length, &copy, sizeof(copy));
	if (!type)
		return UNPARSED_TRUNCATED;
	key->detail = *type << 8;
	return PARSED;
}

/* The security parameters index, which each direction has one of its own. */
static __always_inline enum unparsed_cause parse_spi(struct __sk_buff *skb, struct flow_key *key, struct packet *packet,
						     __u32 offset)
{
	const __be32 *spi;
	__be32 copy;

	if (!within(packet, offset + sizeof(copy)))
		return UNPARSED_TRUNCATED;
	spi = header_at(skb, packet, packet->header_length + offset, &copy, sizeof(copy));
	if (!spi)
		return UNPARSED_TRUNCATED;
	key->low_port = bpf_ntohl(*spi) >> 16;
	key->high_port = bpf_ntohl(*spi);
	return PARSED;
}

/* Leaves the header's length to whoever follows the packet inside. */
static __always_inline enum unparsed_cause parse_gre(struct __sk_buff *skb, struct flow_key *key, struct packet *packet)
{
	const struct ports *gre; /* flags and version, protocol type */
	struct ports copy;

	if (!within(packet, sizeof(copy)))
		return UNPARSED_TRUNCATED;
	gre = header_at(skb, packet, packet->header_length, &copy, sizeof(copy));
	if (!gre)
		return UNPARSED_TRUNCATED;
	key->detail = bpf_ntohs(gre->destination);
	if (!(gre->source & bpf_htons(GRE_VERSION)))
		packet->tunnel = TUNNEL_GRE;
	return PARSED;
}

static __always_inline enum unparsed_cause parse_transport(struct __sk_buff *skb, struct flow_key *key,
							   struct packet *packet)
{
	switch (key->protocol) {
	case IPPROTO_TCP:
		return parse_tcp(skb, key, packet);
	case IPPROTO_UDP:
		return parse_udp(skb, key, packet);
	case IPPROTO_UDPLITE:
		return parse_ports(skb, key, packet, sizeof(struct udphdr));
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return parse_ports(skb, key, packet, 12);
	case IPPROTO_ICMP:
		return parse_icmp(skb, key, packet, ICMP_ECHO_REQUEST, ICMP_ECHO_REPLY);
	case IPPROTO_ICMPV6:
		return parse_icmp(skb, key, packet, ICMPV6_ECHO_REQUEST, ICMPV6_ECHO_REPLY);
	case IPPROTO_IGMP:
		return parse_igmp(skb, key, packet);
	case IPPROTO_ESP:
		return parse_spi(skb, key, packet, 0);
	case IPPROTO_AH:
		return parse_spi(skb, key, packet, 4);
	case IPPROTO_GRE:
		return parse_gre(skb, key, packet);
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		packet->tunnel = TUNNEL_IP;
		return PARSED;
	default:
		return PARSED;
	}
}

/* Of a quoted packet, which may end after eight bytes of it: ports, echo id or SPI. */
static __always_inline enum unparsed_cause parse_quoted_transport(struct __sk_buff *skb, struct flow_key *key,
								  struct packet *packet)
{
	if (key->protocol == IPPROTO_TCP)
		return parse_ports(skb, key, packet, 0);
	return parse_transport(skb, key, packet);
}

#endif
