/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* From a buffer to addresses, ports and protocol. Reads only; what it cannot read it names by cause. */
#ifndef VETHSCOPE_PARSE_H
#define VETHSCOPE_PARSE_H

#include "packet.h"
#include "transport.h"

#define ETHERNET_HEADER 14
#define VLAN_HEADER 4
#define MAX_VLAN_TAGS 2
#define MAX_EXTENSION_HEADERS 6

#define ETH_P_IP 0x0800
#define ETH_P_ARP 0x0806
#define ETH_P_RARP 0x8035
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8
#define ETH_P_IPV6 0x86dd

#define IP_MORE_FRAGMENTS 0x2000
#define IP_OFFSET_MASK 0x1fff
#define IPV6_MORE_FRAGMENTS 0x0001
#define IPV6_OFFSET_MASK 0xfff8

/* Macros in the kernel, so not in its BTF. */
#define IPPROTO_HOPOPTS 0
#define IPPROTO_ROUTING 43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_DSTOPTS 60

/* ::ffff:a.b.c.d, written as two words. */
static __always_inline void map_ipv4(__u8 *address, __be32 ipv4)
{
	((__u64 *)address)[0] = 0;
	((__u64 *)address)[1] = (__u64)ipv4 << 32 | 0xffff0000;
}

static __always_inline void copy_ipv6(__u8 *address, const __be32 *ipv6)
{
	int i;

#pragma unroll
	for (i = 0; i < 4; i++)
		((__be32 *)address)[i] = ipv6[i];
}

/* Ends the packet where its own length says, but within the one around it. A quoted packet is cut off: its own length
 * says nothing.
 */
static __always_inline void set_end(struct packet *packet, __u32 own, const enum packet_place place)
{
	if (place == PLACE_FRAME || (place == PLACE_TUNNEL && own < packet->end))
		packet->end = own;
}

/* Whether headers run over the end of the packet or of what is there of it. */
static __always_inline int is_beyond(struct __sk_buff *skb, const struct packet *packet)
{
	return packet->header_length > packet->end || packet->header_length > skb->len;
}

static __always_inline enum unparsed_cause parse_behind_ip(struct __sk_buff *skb, struct flow_key *key,
							   struct packet *packet, const enum packet_place place)
{
	enum unparsed_cause cause;

	key->low_port = 0;
	key->high_port = 0;
	key->detail = 0;
	if (packet->fragment == FRAGMENT_LATER) {
		key->detail = DETAIL_FRAGMENT;
		return PARSED;
	}
	cause = place == PLACE_QUOTE ? parse_quoted_transport(skb, key, packet) : parse_transport(skb, key, packet);
	if (packet->fragment == FRAGMENT_FIRST && cause == UNPARSED_TRUNCATED) {
		/* Too short for its ports, as the rest of its packet will be without them. */
		key->detail = DETAIL_FRAGMENT;
		return PARSED;
	}
	return cause;
}

static __always_inline enum unparsed_cause parse_ipv4(struct __sk_buff *skb, struct flow_key *key,
						      struct packet *packet, const enum packet_place place)
{
	__u32 start = packet->header_length;
	const struct iphdr *ip;
	struct iphdr copy;
	__u32 end;

	if (place != PLACE_FRAME && !within(packet, sizeof(copy)))
		return UNPARSED_TRUNCATED;
	ip = header_at(skb, packet, start, &copy, sizeof(copy));
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
	/* 0: a buffer too large for the field, to be segmented (BIG TCP). */
	end = ip->tot_len ? start + bpf_ntohs(ip->tot_len) : ~0U;
	if (place != PLACE_QUOTE && packet->header_length > end)
		return UNPARSED_BAD_HEADER;
	set_end(packet, end, place);
	if (is_beyond(skb, packet))
		return UNPARSED_TRUNCATED;
	if (ip->frag_off & bpf_htons(IP_OFFSET_MASK | IP_MORE_FRAGMENTS)) {
		packet->fragment = ip->frag_off & bpf_htons(IP_OFFSET_MASK) ? FRAGMENT_LATER : FRAGMENT_FIRST;
		packet->identification = bpf_ntohs(ip->id);
		packet->next_header = ip->protocol;
	}
	return parse_behind_ip(skb, key, packet, place);
}

struct extension_header {
	__u8 next_header;
	__u8 length;
	__be16 content; /* of a fragment header: offset and flag */
	__be32 identification;
};

/* Walks the extension headers; leaves the transport protocol in the key. */
static __always_inline enum unparsed_cause skip_extension_headers(struct __sk_buff *skb, struct flow_key *key,
								  struct packet *packet)
{
	const struct extension_header *header;
	struct extension_header copy;
	int i;

	for (i = 0; i <= MAX_EXTENSION_HEADERS; i++) {
		__u8 type = key->protocol;

		if (type != IPPROTO_HOPOPTS && type != IPPROTO_ROUTING && type != IPPROTO_DSTOPTS &&
		    type != IPPROTO_FRAGMENT)
			return PARSED;
		if (i == MAX_EXTENSION_HEADERS)
			break;
		if (!within(packet, sizeof(copy)))
			return UNPARSED_TRUNCATED;
		header = header_at(skb, packet, packet->header_length, &copy, sizeof(copy));
		if (!header)
			return UNPARSED_TRUNCATED;
		key->protocol = header->next_header;
		if (type == IPPROTO_FRAGMENT) {
			packet->header_length += sizeof(copy);
			/* Offset 0 and no more: a packet of one piece (RFC 6946). */
			if (!(header->content & bpf_htons(IPV6_OFFSET_MASK | IPV6_MORE_FRAGMENTS)))
				continue;
			packet->identification = bpf_ntohl(header->identification);
			packet->next_header = header->next_header;
			packet->fragment = FRAGMENT_FIRST;
			if (header->content & bpf_htons(IPV6_OFFSET_MASK)) {
				packet->fragment = FRAGMENT_LATER;
				return PARSED;
			}
			continue;
		}
		/* BIG TCP: the kernel's own jumbogram option (type 194, length 4), gone from the segments. */
		if (type == IPPROTO_HOPOPTS && header->content == bpf_htons(0xc204))
			packet->jumbo_header = 8;
		packet->header_length += (header->length + 1) * 8;
		if (is_beyond(skb, packet))
			return UNPARSED_TRUNCATED;
	}
	return UNPARSED_EXTENSION_HEADER;
}

static __always_inline enum unparsed_cause parse_ipv6(struct __sk_buff *skb, struct flow_key *key,
						      struct packet *packet, const enum packet_place place)
{
	const struct ipv6hdr *ip;
	enum unparsed_cause cause;
	struct ipv6hdr copy;
	__u32 length;

	if (place != PLACE_FRAME && !within(packet, sizeof(copy)))
		return UNPARSED_TRUNCATED;
	ip = header_at(skb, packet, packet->header_length, &copy, sizeof(copy));
	if (!ip)
		return UNPARSED_TRUNCATED;
	if (ip->version != 6)
		return UNPARSED_BAD_HEADER;
	copy_ipv6(key->low_address, ip->saddr.in6_u.u6_addr32);
	copy_ipv6(key->high_address, ip->daddr.in6_u.u6_addr32);
	key->family = 6;
	key->protocol = ip->nexthdr;
	packet->dscp = ip->priority << 2 | ip->flow_lbl[0] >> 6;
	packet->header_length += sizeof(*ip);
	length = bpf_ntohs(ip->payload_len);
	/* 0: a jumbogram, whose option or segment size tells. */
	if (!length && (packet->segment || ip->nexthdr == IPPROTO_HOPOPTS))
		set_end(packet, ~0U, place);
	else
		set_end(packet, packet->header_length + length, place);
	cause = skip_extension_headers(skb, key, packet);
	if (cause != PARSED)
		return cause;
	return parse_behind_ip(skb, key, packet, place);
}

static __always_inline enum unparsed_cause parse_network(struct __sk_buff *skb, __u16 type, struct flow_key *key,
							 struct packet *packet, const enum packet_place place)
{
	switch (type) {
	case ETH_P_IP:
		return parse_ipv4(skb, key, packet, place);
	case ETH_P_IPV6:
		return parse_ipv6(skb, key, packet, place);
	case ETH_P_ARP:
	case ETH_P_RARP:
		return UNPARSED_ARP;
	case ETH_P_8021Q:
		return UNPARSED_VLAN_DEPTH;
	case 0:
		return UNPARSED_TRUNCATED;
	default:
		return UNPARSED_NOT_IP;
	}
}

/* Skips an Ethernet header; its EtherType in host order, that of a tag where they are too many, 0 where the packet
 * ends before it.
 */
static __always_inline __u16 parse_ethernet(struct __sk_buff *skb, struct packet *packet, const enum packet_place place)
{
	const __be16 *type;
	__be16 copy;
	int i;

	packet->header_length += ETHERNET_HEADER;
#pragma unroll
	for (i = 0; i <= MAX_VLAN_TAGS; i++) {
		if (place == PLACE_TUNNEL && !within(packet, 0))
			return 0;
		type = header_at(skb, packet, packet->header_length - sizeof(copy), &copy, sizeof(copy));
		if (!type)
			return 0;
		if (*type != bpf_htons(ETH_P_8021Q) && *type != bpf_htons(ETH_P_8021AD))
			return bpf_ntohs(*type) ? bpf_ntohs(*type) : 1;
		packet->header_length += VLAN_HEADER;
	}
	return ETH_P_8021Q;
}

/* Fills key with the source as low side, PARSED or the cause. link_header: its bytes, 0 where the device has none. */
static __always_inline enum unparsed_cause parse_packet(struct __sk_buff *skb, __u32 link_header, struct flow_key *key,
							struct packet *packet)
{
	if (link_header != ETHERNET_HEADER) {
		packet->mode = READ_NETWORK;
		return parse_network(skb, bpf_ntohs(skb->protocol), key, packet, PLACE_FRAME);
	}
	return parse_network(skb, parse_ethernet(skb, packet, PLACE_FRAME), key, packet, PLACE_FRAME);
}

#endif
