/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Copies of the packets that a capture asks for. */
#ifndef VETHSCOPE_CAPTURE_H
#define VETHSCOPE_CAPTURE_H

#include "events.h"
#include "filter.h"

static __noinline void capture(struct __sk_buff *skb, struct point_counters *counters, const struct observation *at,
			       __u32 cause)
{
	struct event_request request = { .kind = EVENT_CAPTURE, .value = cause, .length = control.snap_length };
	__u32 interface = at->point >> POINT_SHIFT;

	if (cause == PARSED ? matches(&at->key, FILTER_CAPTURE, interface)
			    : matches_unparsed(FILTER_CAPTURE, interface))
		send_packet(skb, counters, at, &request);
}

#endif
