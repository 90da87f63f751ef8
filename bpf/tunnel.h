/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* A packet inside another: VXLAN (RFC 7348), Geneve (RFC 8926), GRE (RFC 2784, 2890), IP in IP (RFC 2003, 4213). */
#ifndef VETHSCOPE_TUNNEL_H
#define VETHSCOPE_TUNNEL_H

#include "parse.h"
#include "scratch_pad.h"

#define VXLAN_FLAG_VNI 0x08
#define GENEVE_OPTIONS_MASK 0x3f
#define GENEVE_VERSION_MASK 0xc0
#define ETH_P_TEB 0x6558 /* transparent Ethernet bridging: a frame follows */
#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING 0x4000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000

/* Behind a GRE header without routing. */
static __always_inline __u16 skip_gre_header(struct __sk_buff *skb, struct packet *packet, __u32 *identifier)
{
	__u8 header[4];
	__be32 key;
	__u16 flags;

	if (!within(packet, sizeof(header)) || !header_at(skb, packet, packet->header_length, header, sizeof(header)))
		return 0;
	flags = header[0] << 8 | header[1];
	if (flags & GRE_ROUTING)
		return 0;
	packet->header_length += sizeof(header) + (flags & GRE_CHECKSUM ? 4 : 0);
	if (flags & GRE_KEY) {
		if (!within(packet, sizeof(key)) || !header_at(skb, packet, packet->header_length, &key, sizeof(key)))
			return 0;
		*identifier = bpf_ntohl(key);
		packet->header_length += sizeof(key);
	}
	packet->header_length += flags & GRE_SEQUENCE ? 4 : 0;
	return header[2] << 8 | header[3];
}

static __always_inline __u16 skip_vni_header(struct __sk_buff *skb, struct packet *packet, __u32 kind,
					     __u32 *identifier)
{
	__u8 header[8];

	if (!within(packet, sizeof(header)) || !header_at(skb, packet, packet->header_length, header, sizeof(header)))
		return 0;
	packet->header_length += sizeof(header);
	*identifier = header[4] << 16 | header[5] << 8 | header[6];
	if (kind == TUNNEL_VXLAN)
		return header[0] & VXLAN_FLAG_VNI ? ETH_P_TEB : 0;
	if (header[0] & GENEVE_VERSION_MASK)
		return 0;
	packet->header_length += (header[0] & GENEVE_OPTIONS_MASK) * 4;
	return header[2] << 8 | header[3];
}

/* The EtherType of what follows the tunnel's header, 0 where this is no such tunnel; moves packet behind it. */
static __always_inline __u16 skip_tunnel_header(struct __sk_buff *skb, struct packet *packet, __u32 kind, __u8 protocol,
						__u32 *identifier)
{
	if (kind == TUNNEL_IP)
		return protocol == IPPROTO_IPIP ? ETH_P_IP : ETH_P_IPV6;
	if (kind == TUNNEL_GRE)
		return skip_gre_header(skb, packet, identifier);
	return skip_vni_header(skb, packet, kind, identifier);
}

/* Reads the packet inside into this CPU's scratch pad, whose tunnel has all but the identifier; 1 when it is of a
 * tunnel that we know, parsed or not. Global, so that the verifier walks it once by itself. offset: behind the outer
 * transport header; mode: enum read_mode of the outer packet
 */
__noinline int parse_inner(struct __sk_buff *skb, __u32 offset, __u32 mode)
{
	struct scratch_pad *work = scratch_of_cpu();
	struct packet *packet;
	__u16 type;

	if (!work)
		return 0;
	packet = &work->inner.packet;
	__builtin_memset(packet, 0, sizeof(*packet));
	packet->mode = mode == READ_NETWORK ? READ_NETWORK : READ_COPY;
	packet->header_length = offset;
	packet->end = work->outer.packet.end;
	packet->segment = skb->gso_size;
	type = skip_tunnel_header(skb, packet, work->tunnel.kind, work->tunnel.protocol, &work->tunnel.identifier);
	if (!type)
		return 0;
	work->inner_start = packet->header_length;
	if (type == ETH_P_TEB)
		type = parse_ethernet(skb, packet, PLACE_TUNNEL);
	work->inner_cause = parse_network(skb, type, &work->inner.key, packet, PLACE_TUNNEL);
	return 1;
}

/* Reads the packet inside the outer one, whose key has the source as low side; 0 where there is none. A tunnel's packet
 * in fragments has the headers inside in its first one, and only that is known to be a tunnel's.
 */
static __noinline int read_inner(struct __sk_buff *skb, struct scratch_pad *work)
{
	const struct flow_key *key = &work->outer.key;
	const struct packet *packet = &work->outer.packet;

	__builtin_memcpy(work->tunnel.source, key->low_address, 16);
	__builtin_memcpy(work->tunnel.destination, key->high_address, 16);
	work->tunnel.netns = netns_index;
	work->tunnel.identifier = 0;
	work->tunnel.kind = packet->tunnel;
	work->tunnel.protocol = key->protocol;
	work->tunnel.port = key->protocol == IPPROTO_UDP ? key->high_port : 0;
	work->inner.outer_port = key->low_port;
	return parse_inner(skb, packet->header_length, packet->mode);
}

#endif
