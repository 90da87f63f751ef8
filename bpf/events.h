/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Rare packets with their exact time. The reader polls: a wake-up per event costs over a microsecond. */
#ifndef VETHSCOPE_EVENTS_H
#define VETHSCOPE_EVENTS_H

static __always_inline void report_event(struct point_counters *counters, const struct flow_key *key,
					 const struct packet *packet, __u32 point)
{
	struct flow_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		counters->events_lost += 1;
		return;
	}
	event->key = *key;
	event->point = point;
	event->time = bpf_ktime_get_ns();
	event->tcp_flags = packet->tcp_flags;
	event->sequence = packet->tcp_sequence;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

#endif
