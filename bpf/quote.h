/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* The packet that an ICMP error is about: its beginning follows the error's header (RFC 792, RFC 4443 section 2.4). */
#ifndef VETHSCOPE_QUOTE_H
#define VETHSCOPE_QUOTE_H

#include "parse.h"
#include "scratch_pad.h"

/* Reads the packet that the ICMP error in this CPU's scratch pad quotes into the inner part; PARSED or the cause.
 * Global, so that the verifier walks it once by itself.
 */
__noinline int parse_quoted(struct __sk_buff *skb, __u32 offset, __u32 mode, __u32 family)
{
	struct scratch_pad *work = scratch_of_cpu();
	struct packet *packet;

	if (!work)
		return UNPARSED_TRUNCATED;
	packet = &work->inner.packet;
	__builtin_memset(packet, 0, sizeof(*packet));
	packet->mode = mode == READ_NETWORK ? READ_NETWORK : READ_COPY;
	packet->header_length = offset;
	packet->end = work->outer.packet.end;
	return parse_network(skb, family == 4 ? ETH_P_IP : ETH_P_IPV6, &work->inner.key, packet, PLACE_QUOTE);
}

#endif
