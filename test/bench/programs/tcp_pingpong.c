// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* tcp_pingpong ADDRESS PORT COUNT: 64 bytes there and back over one connection, so many times. Prints
 * {"p50","p99"} in microseconds.
 */
#define _GNU_SOURCE
#include "traffic.h"
#include <netinet/tcp.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: tcp_pingpong ADDRESS PORT COUNT\n");
		return 2;
	}
	static char message[MESSAGE_SIZE];
	struct sockaddr_in to = address_of(argv[1], atoi(argv[2]));
	int count = atoi(argv[3]), on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
	double *times = calloc(count, sizeof(*times));

	use_last_cpu();
	if (!times || fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)))
		fail("connect");
	double before = seconds_now();

	for (int i = 0; i < count; i++) {
		if (send(fd, message, sizeof(message), 0) != sizeof(message) ||
		    recv(fd, message, sizeof(message), MSG_WAITALL) != sizeof(message))
			fail("exchange");
		double now = seconds_now();

		times[i] = (now - before) * 1e6;
		before = now;
	}
	qsort(times, count, sizeof(*times), ascending);
	printf("{\"p50\":%.3f,\"p99\":%.3f}\n", times[count / 2], times[(long long)count * 99 / 100]);
	return 0;
}
