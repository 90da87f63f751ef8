// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* attach OBJECT NETNS IFINDEX...: loads an object and attaches its two programs to interfaces of a namespace by TCX,
 * ingress and egress, at the same place in the chain as the collector. Prints the two program ids and holds everything
 * until its input ends.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TCX_INGRESS 46
#define TCX_EGRESS 47

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
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

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: attach OBJECT NETNS IFINDEX...\n");
		return 2;
	}
	struct bpf_object *object = bpf_object__open(argv[1]);

	if (!object || bpf_object__load(object))
		fail(argv[1]);
	int ingress = program(object, "count_ingress");
	int egress = program(object, "count_egress");
	int netns = open(argv[2], O_RDONLY | O_CLOEXEC);

	if (netns < 0 || setns(netns, CLONE_NEWNET))
		fail(argv[2]);
	for (int i = 3; i < argc; i++) {
		if (bpf_link_create(ingress, atoi(argv[i]), TCX_INGRESS, NULL) < 0 ||
		    bpf_link_create(egress, atoi(argv[i]), TCX_EGRESS, NULL) < 0)
			fail("bpf_link_create");
	}
	printf("\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
