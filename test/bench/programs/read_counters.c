// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Sums up the bare counter's map over its entries and CPUs. */
#include "reader.h"
#include "bare_counter.h"
#include <bpf/bpf.h>
#include <stdlib.h>

__u64 sum_of_array(int map)
{
	int cpus = libbpf_num_possible_cpus();
	__u64 values[cpus];
	__u64 sum = 0;
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);

	if (bpf_obj_get_info_by_fd(map, &info, &length))
		fail("bpf_obj_get_info_by_fd");
	for (__u32 index = 0; index < info.max_entries; index++) {
		if (bpf_map_lookup_elem(map, &index, values))
			fail("bpf_map_lookup_elem");
		for (int cpu = 0; cpu < cpus; cpu++)
			sum += values[cpu];
	}
	return sum;
}

void read_counters(struct bpf_object *object, struct totals *totals)
{
	int map = bpf_object__find_map_fd_by_name(object, "counters");
	int cpus = libbpf_num_possible_cpus();
	struct bare_value *values = calloc(cpus, sizeof(*values));
	struct bare_key key, *before = NULL;

	if (!values)
		fail("calloc");
	for (; bpf_map_get_next_key(map, before, &key) == 0; before = &key) {
		if (bpf_map_lookup_elem(map, &key, values))
			fail("bpf_map_lookup_elem");
		totals->records++;
		for (int i = 0; i < cpus * BARE_SLOTS; i++) {
			struct bare_slot *slot = &values[i / BARE_SLOTS].slots[i % BARE_SLOTS];

			if (slot->point)
				add_packets(totals, slot->point, slot->packets);
		}
	}
	free(values);
	totals->lost = sum_of_array(bpf_object__find_map_fd_by_name(object, "lost"));
}
