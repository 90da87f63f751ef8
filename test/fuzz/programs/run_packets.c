/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Runs packets through a program by BPF_PROG_TEST_RUN. usage: run_packets OBJECT PROGRAM MAP
 * Standard input: per packet a native 32-bit length and that many bytes; a length of 0 asks for what is buffered.
 * Standard output: per packet a native 32-bit errno of the run (0: it ran) and the value of the map's one entry,
 * which must be an mmapable array. Ends at the end of input; fails with a line on standard error.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LONGEST_PACKET 65536

static void fail(const char *what)
{
	fprintf(stderr, "run_packets: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct bpf_object *load_only(const char *file, const char *name)
{
	struct bpf_object *object = bpf_object__open_file(file, NULL);
	struct bpf_program *program;

	if (!object)
		fail(file);
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, strcmp(bpf_program__name(program), name) == 0);
	if (bpf_object__load(object))
		fail("load");
	return object;
}

static void *map_value(struct bpf_object *object, const char *name, size_t *size)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	void *value;

	if (!map)
		fail(name);
	*size = bpf_map__value_size(map);
	value = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	if (value == MAP_FAILED)
		fail("mmap");
	return value;
}

static int run_one(int program, const void *packet, uint32_t length)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = length, .repeat = 1);

	return bpf_prog_test_run_opts(program, &options) ? errno : 0;
}

static void write_all(const void *bytes, size_t size)
{
	if (fwrite(bytes, size, 1, stdout) != 1)
		fail("write");
}

int main(int argc, char **argv)
{
	static uint8_t packet[LONGEST_PACKET];
	struct bpf_object *object;
	struct bpf_program *found;
	uint32_t length;
	size_t size;
	void *value;

	if (argc != 4) {
		fprintf(stderr, "usage: run_packets OBJECT PROGRAM MAP\n");
		return 2;
	}
	object = load_only(argv[1], argv[2]);
	found = bpf_object__find_program_by_name(object, argv[2]);
	if (!found)
		fail(argv[2]);
	value = map_value(object, argv[3], &size);
	while (fread(&length, sizeof(length), 1, stdin) == 1) {
		uint32_t error;

		if (length == 0) {
			if (fflush(stdout))
				fail("flush");
			continue;
		}
		if (length > sizeof(packet) || fread(packet, length, 1, stdin) != 1)
			fail("a packet of the input");
		memset(value, 0, size);
		error = run_one(bpf_program__fd(found), packet, length);
		write_all(&error, sizeof(error));
		write_all(value, size);
	}
	bpf_object__close(object);
	return 0;
}
