/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* One key for both directions of a conversation: half the entries, and the reply needs no second lookup. */
#ifndef VETHSCOPE_FLOW_KEY_H
#define VETHSCOPE_FLOW_KEY_H

#include "key_order.h"

/* Takes a key with the source as low side; 1 when the packet came from the side that is high. */
static __always_inline __u32 make_canonical(struct flow_key *key)
{
	key->netns = netns_index;
	return order_sides(key);
}

#endif
