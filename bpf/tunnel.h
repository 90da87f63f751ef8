/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* A large buffer inside a tunnel is segmented by its inner packet: each segment repeats the inner headers too. */
#ifndef VETHSCOPE_TUNNEL_H
#define VETHSCOPE_TUNNEL_H

#define VXLAN_PORT 4789
#define VXLAN_LINUX_PORT 8472
#define GENEVE_PORT 6081
#define TUNNEL_HEADER 8
#define GENEVE_OPTIONS_MASK 0x3f

/* Length of an inner transport header; 0 where it cannot be told. */
static __always_inline __u32 inner_transport(struct __sk_buff *skb, __u32 offset, __u8 protocol)
{
	struct tcphdr tcp;

	if (protocol == IPPROTO_UDP)
		return sizeof(struct udphdr);
	if (protocol != IPPROTO_TCP || bpf_skb_load_bytes(skb, offset, &tcp, sizeof(tcp)))
		return 0;
	return tcp.doff * 4;
}

/* Length of inner IP and transport header; 0 where it cannot be told. */
static __always_inline __u32 inner_packet(struct __sk_buff *skb, __u32 offset, __be16 type)
{
	struct ipv6hdr ipv6;
	struct iphdr ipv4;
	__u32 network;
	__u32 transport;

	if (type == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_load_bytes(skb, offset, &ipv4, sizeof(ipv4)))
			return 0;
		network = ipv4.ihl * 4;
		transport = inner_transport(skb, offset + network, ipv4.protocol);
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		if (bpf_skb_load_bytes(skb, offset, &ipv6, sizeof(ipv6)))
			return 0;
		network = sizeof(ipv6);
		transport = inner_transport(skb, offset + network, ipv6.nexthdr);
	} else {
		return 0;
	}
	return transport ? network + transport : 0;
}

/* Bytes of headers between the UDP header that ends at offset and the inner payload; 0 where this is no tunnel that we
 * know. A function of its own, so that the verifier walks it once and not on every path to it.
 */
__noinline int tunnel_header_length(struct __sk_buff *skb, __u32 offset, __u32 port)
{
	__u32 tunnel = TUNNEL_HEADER;
	__u32 inner;
	__be16 type;
	__u8 first;

	if (port != VXLAN_PORT && port != VXLAN_LINUX_PORT && port != GENEVE_PORT)
		return 0;
	if (bpf_skb_load_bytes(skb, offset, &first, sizeof(first)))
		return 0;
	if (port == GENEVE_PORT)
		tunnel += (first & GENEVE_OPTIONS_MASK) * 4;
	tunnel += ETHERNET_HEADER;
	if (bpf_skb_load_bytes(skb, offset + tunnel - sizeof(type), &type, sizeof(type)))
		return 0;
	inner = inner_packet(skb, offset + tunnel, type);
	return inner ? tunnel + inner : 0;
}

#endif
