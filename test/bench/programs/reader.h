/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What a reference program has counted, read by the process that attached it. */
#ifndef VETHSCOPE_READER_H
#define VETHSCOPE_READER_H

#include <bpf/libbpf.h>
#include <linux/types.h>

#define MAX_TALLIES 64

/* Packets by interface and direction, and the records they came in: map entries or events. */
struct tally {
	__u64 point; /* ifindex << 1 | egress */
	__u64 packets;
};

struct totals {
	__u64 records;
	__u64 lost;
	int tallies;
	struct tally tally[MAX_TALLIES];
};

void fail(const char *what);
void add_packets(struct totals *totals, __u64 point, __u64 packets);
__u64 sum_of_array(int map);

/* The bare counter's map, all of it. */
void read_counters(struct bpf_object *object, struct totals *totals);

/* The ring buffer of packet events; the returned descriptor is readable when there are some. */
int open_events(struct bpf_object *object);
void consume_events(void);
void read_events(struct bpf_object *object, struct totals *totals);

#endif
