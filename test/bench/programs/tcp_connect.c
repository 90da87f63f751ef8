// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* tcp_connect ADDRESS PORT COUNT FIRST_LOCAL_PORT: so many connections one after the other, each from a port of its
 * own, with 64 bytes each way and a reset, so that none waits for its time-out. Prints {"rate"}, connections a second.
 */
#define _GNU_SOURCE
#include "traffic.h"
#include <sys/socket.h>

static void exchange(const struct sockaddr_in *from, const struct sockaddr_in *to)
{
	static char message[MESSAGE_SIZE];
	struct linger reset = { 1, 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) ||
	    bind(fd, (const struct sockaddr *)from, sizeof(*from)) ||
	    connect(fd, (const struct sockaddr *)to, sizeof(*to)))
		fail("connect");
	if (send(fd, message, sizeof(message), MSG_NOSIGNAL) != sizeof(message) ||
	    recv(fd, message, sizeof(message), MSG_WAITALL) != sizeof(message))
		fail("exchange");
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: tcp_connect ADDRESS PORT COUNT FIRST_LOCAL_PORT\n");
		return 2;
	}
	struct sockaddr_in to = address_of(argv[1], atoi(argv[2]));
	int count = atoi(argv[3]), first = atoi(argv[4]);

	use_last_cpu();
	struct pieces pieces = { .begin = seconds_now() };

	for (int i = 0; i < count; i++) {
		struct sockaddr_in from = address_of("0.0.0.0", first + i);

		exchange(&from, &to);
		note_progress(&pieces, i + 1, count);
	}
	printf("{\"rate\":%.1f}\n", median_rate(&pieces, count));
	return 0;
}
