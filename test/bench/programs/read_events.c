// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Takes packet events from the ring buffer and counts them. */
#include "reader.h"
#include "packet_events.h"

static struct ring_buffer *ring;
static struct totals seen;

static int take(void *context, void *data, size_t size)
{
	const struct packet_event *event = data;

	(void)context;
	if (size < sizeof(*event))
		return -1;
	seen.records++;
	add_packets(&seen, (__u64)event->ifindex << 1 | event->egress, 1);
	return 0;
}

int open_events(struct bpf_object *object)
{
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "events"), take, NULL, NULL);
	if (!ring)
		fail("ring_buffer__new");
	return ring_buffer__epoll_fd(ring);
}

void consume_events(void)
{
	if (ring_buffer__consume(ring) < 0)
		fail("ring_buffer__consume");
}

void read_events(struct bpf_object *object, struct totals *totals)
{
	consume_events();
	*totals = seen;
	totals->lost = sum_of_array(bpf_object__find_map_fd_by_name(object, "lost"));
}
