// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* attach OBJECT preallocated|growing NETNS IFINDEX...: loads an object and attaches its two programs to interfaces of a
 * namespace by TCX, ingress and egress, at the same place in the chain as the collector; `growing` takes memory for a
 * hash's entries as they come. Prints the two program ids, then a line of JSON for every line of its input: what was
 * counted so far. Holds everything until its input ends.
 */
#define _GNU_SOURCE
#include "reader.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TCX_INGRESS 46
#define TCX_EGRESS 47

void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

void add_packets(struct totals *totals, __u64 point, __u64 packets)
{
	for (int i = 0; i < MAX_TALLIES; i++) {
		struct tally *tally = &totals->tally[i];

		if (i == totals->tallies) {
			tally->point = point;
			totals->tallies++;
		}
		if (tally->point == point) {
			tally->packets += packets;
			return;
		}
	}
	errno = ENOSPC;
	fail("more points than are expected");
}

static int program(struct bpf_object *object, const char *name)
{
	struct bpf_program *found = bpf_object__find_program_by_name(object, name);
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);

	if (!found)
		fail(name);
	if (bpf_obj_get_info_by_fd(bpf_program__fd(found), &info, &length))
		fail("bpf_obj_get_info_by_fd");
	printf("%u ", info.id);
	return bpf_program__fd(found);
}

static struct bpf_object *load(const char *path, int growing)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_map *counters;

	if (!object)
		fail(path);
	counters = bpf_object__find_map_by_name(object, "counters");
	if (growing && counters && bpf_map__set_map_flags(counters, BPF_F_NO_PREALLOC))
		fail("bpf_map__set_map_flags");
	if (bpf_object__load(object))
		fail(path);
	return object;
}

static void attach(struct bpf_object *object, const char *netns, char **interfaces)
{
	int ingress = program(object, "count_ingress");
	int egress = program(object, "count_egress");
	int fd = open(netns, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		fail(netns);
	for (; *interfaces; interfaces++) {
		if (bpf_link_create(ingress, atoi(*interfaces), TCX_INGRESS, NULL) < 0 ||
		    bpf_link_create(egress, atoi(*interfaces), TCX_EGRESS, NULL) < 0)
			fail("bpf_link_create");
	}
	printf("\n");
	fflush(stdout);
}

static void print_totals(struct bpf_object *object)
{
	static struct totals totals;

	memset(&totals, 0, sizeof(totals));
	if (bpf_object__find_map_by_name(object, "counters"))
		read_counters(object, &totals);
	else if (bpf_object__find_map_by_name(object, "events"))
		read_events(object, &totals);
	printf("{\"records\":%llu,\"lost\":%llu,\"points\":[", totals.records, totals.lost);
	for (int i = 0; i < totals.tallies; i++) {
		struct tally *tally = &totals.tally[i];

		printf("%s{\"ifindex\":%llu,\"egress\":%s,\"packets\":%llu}", i ? "," : "", tally->point >> 1,
		       tally->point & 1 ? "true" : "false", tally->packets);
	}
	printf("]}\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char line[64];

	if (argc < 5) {
		fprintf(stderr, "usage: attach OBJECT preallocated|growing NETNS IFINDEX...\n");
		return 2;
	}
	struct bpf_object *object = load(argv[1], strcmp(argv[2], "growing") == 0);
	struct pollfd waits[] = { { .fd = 0, .events = POLLIN }, { .fd = -1, .events = POLLIN } };

	attach(object, argv[3], argv + 4);
	if (bpf_object__find_map_by_name(object, "events"))
		waits[1].fd = open_events(object);
	while (poll(waits, 2, -1) > 0 || errno == EINTR) {
		if (waits[1].revents)
			consume_events();
		if (!waits[0].revents)
			continue;
		if (read(0, line, sizeof(line)) <= 0)
			break;
		print_totals(object);
	}
	return 0;
}
