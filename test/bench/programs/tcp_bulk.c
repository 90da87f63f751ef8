// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* tcp_bulk ADDRESS PORT MEGABYTES: so much over one connection, until the other end has taken it all. Prints
 * {"rate"}, bytes a second.
 */
#define _GNU_SOURCE
#include "traffic.h"
#include <sys/socket.h>

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: tcp_bulk ADDRESS PORT MEGABYTES\n");
		return 2;
	}
	static char buffer[1 << 17];
	struct sockaddr_in to = address_of(argv[1], atoi(argv[2]));
	long long bytes = atoll(argv[3]) << 20, sent = 0;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		fail("connect");
	struct pieces pieces = { .begin = seconds_now() };

	while (sent < bytes) {
		ssize_t done = send(fd, buffer, sizeof(buffer), 0);

		if (done < 0)
			fail("send");
		sent += done;
		note_progress(&pieces, sent, bytes);
	}
	if (shutdown(fd, SHUT_WR) || recv(fd, buffer, sizeof(buffer), 0) != 0)
		fail("the other end");
	printf("{\"rate\":%.1f}\n", median_rate(&pieces, bytes));
	return 0;
}
