/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Only the first fragment of a packet has ports; the later ones are joined to it by the packet's identification. */
#ifndef VETHSCOPE_FRAGMENTS_H
#define VETHSCOPE_FRAGMENTS_H

#include "clock.h"

/* As long as a host waits for the rest (RFC 8200 section 4.5: 60 s, Linux 30 s), in units of 2^20 ns. */
#define FRAGMENT_TIME (30000000000 >> TIME_SHIFT)

/* Joins a later fragment to its flow, or remembers the flow of a first one. Takes the key with the source as low side.
 * A function of its own: what is rare is walked by the verifier once. 1 when nobody knows the fragment's ports.
 */
static __noinline int join_fragment(struct flow_key *key, const struct packet *packet)
{
	struct fragment_key fragment = {};
	struct fragment_flow *known;
	int i;

#pragma unroll
	for (i = 0; i < 4; i++) {
		((__u32 *)fragment.source)[i] = ((__u32 *)key->low_address)[i];
		((__u32 *)fragment.destination)[i] = ((__u32 *)key->high_address)[i];
	}
	fragment.netns = netns_index;
	fragment.identification = packet->identification;
	fragment.next_header = packet->next_header;
	if (packet->fragment == FRAGMENT_FIRST) {
		struct fragment_flow flow = {
			.source_port = key->low_port,
			.destination_port = key->high_port,
			.detail = key->detail,
			.protocol = key->protocol,
			.time = coarse_now(),
		};

		bpf_map_update_elem(&fragments, &fragment, &flow, BPF_ANY);
		return key->detail == DETAIL_FRAGMENT;
	}
	known = bpf_map_lookup_elem(&fragments, &fragment);
	/* The identification comes round again. */
	if (!known || coarse_now() - known->time > FRAGMENT_TIME)
		return 1;
	key->low_port = known->source_port;
	key->high_port = known->destination_port;
	key->detail = known->detail;
	key->protocol = known->protocol;
	return key->detail == DETAIL_FRAGMENT;
}

#endif
