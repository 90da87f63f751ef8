/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the senders share. Each is one thread on the last CPU, so that a hook's cost is the sender's own time. */
#ifndef VETHSCOPE_TRAFFIC_H
#define VETHSCOPE_TRAFFIC_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_SIZE 64

static inline void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static inline double seconds_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* Ahead of whatever else the machine does. */
static inline void use_last_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity");
	if (setpriority(PRIO_PROCESS, 0, -20))
		fail("setpriority");
}

#define PIECES 100

/* A run in equal pieces, whose median is told: a moment in which the machine did something else does not count. */
struct pieces {
	double begin;
	double seconds[PIECES];
	int count;
};

/* To be called often with what is done so far of the whole. */
static inline void note_progress(struct pieces *pieces, long long done, long long whole)
{
	double now;

	if (pieces->count == PIECES || done * PIECES < whole * (pieces->count + 1))
		return;
	now = seconds_now();
	pieces->seconds[pieces->count++] = now - pieces->begin;
	pieces->begin = now;
}

static inline int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double median_rate(struct pieces *pieces, long long whole)
{
	qsort(pieces->seconds, pieces->count, sizeof(double), ascending);
	return (double)whole / PIECES / pieces->seconds[pieces->count / 2];
}

static inline struct sockaddr_in address_of(const char *text, int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (inet_pton(AF_INET, text, &address.sin_addr) != 1) {
		errno = EINVAL;
		fail(text);
	}
	return address;
}

#endif
