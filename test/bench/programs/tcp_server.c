// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* tcp_server PORT: echoes 64 bytes at a time at PORT, one connection after the other on the senders' CPU, and swallows
 * whatever comes at PORT + 1. Prints a line when both listen, and ends with its input.
 */
#define _GNU_SOURCE
#include "traffic.h"
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>

static int listen_at(int port)
{
	struct sockaddr_in address = address_of("0.0.0.0", port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 128))
		fail("listen");
	return fd;
}

/* A connection that was reset while it waited is no reason to end. */
static int next_connection(int listener)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			return fd;
		if (errno != ECONNABORTED && errno != EINTR)
			fail("accept");
	}
}

static void *echo(void *argument)
{
	int listener = *(int *)argument;
	char message[MESSAGE_SIZE];

	use_last_cpu();
	for (;;) {
		int fd = next_connection(listener);

		while (recv(fd, message, sizeof(message), MSG_WAITALL) == sizeof(message))
			if (send(fd, message, sizeof(message), MSG_NOSIGNAL) != sizeof(message))
				break;
		close(fd);
	}
	return NULL;
}

static void *swallow(void *argument)
{
	static char buffer[1 << 18];
	int listener = *(int *)argument;

	for (;;) {
		int fd = next_connection(listener);

		while (recv(fd, buffer, sizeof(buffer), 0) > 0)
			;
		close(fd);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: tcp_server PORT\n");
		return 2;
	}
	int echoing = listen_at(atoi(argv[1])), swallowing = listen_at(atoi(argv[1]) + 1);
	pthread_t threads[2];

	if (pthread_create(&threads[0], NULL, echo, &echoing) ||
	    pthread_create(&threads[1], NULL, swallow, &swallowing))
		fail("pthread_create");
	printf("ready\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
