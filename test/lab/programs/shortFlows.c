// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Many short flows, one after the other, at a bounded rate:
 *   shortFlows serve PORT PORTS                                answers TCP on PORTS ports from PORT on, until killed
 *   shortFlows tcp|udp ADDRESS PORT PORTS COUNT PER-SECOND     COUNT flows, each to the next of the ports
 * A TCP flow is a connection with one question and one answer, ended by the client; a UDP flow is one datagram from a
 * port of its own. A flow that is refused or not answered within a second is one all the same.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_BYTES 100
#define MAX_EVENTS 64

static char message[MESSAGE_BYTES];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static struct addrinfo *resolve(const char *address, int port, int type)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = type };
	struct addrinfo *found = NULL;
	char service[16];

	snprintf(service, sizeof(service), "%d", port);
	if (getaddrinfo(address, service, &hints, &found))
		fail(address);
	return found;
}

static void listen_at(int epoll, int port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	/* The sign tells listeners from connections. */
	struct epoll_event event = { .events = EPOLLIN, .data.fd = -fd };
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 1024) ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		fail("listen");
}

static void take_connection(int epoll, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		fail("epoll_ctl");
}

static void answer(int fd)
{
	char question[MESSAGE_BYTES];
	ssize_t length = recv(fd, question, sizeof(question), 0);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0)
		close(fd);
	else if (send(fd, message, sizeof(message), MSG_NOSIGNAL) < 0)
		close(fd);
}

static void serve(int port, int ports)
{
	struct epoll_event events[MAX_EVENTS];
	int epoll = epoll_create1(0);
	int i, count;

	for (i = 0; i < ports; i++)
		listen_at(epoll, port + i);
	puts("ready");
	fflush(stdout);
	for (;;) {
		count = epoll_wait(epoll, events, MAX_EVENTS, -1);
		for (i = 0; i < count; i++) {
			if (events[i].data.fd < 0)
				take_connection(epoll, -events[i].data.fd);
			else
				answer(events[i].data.fd);
		}
	}
}

static void one_flow(const struct addrinfo *to)
{
	struct timeval second = { .tv_sec = 1 };
	char reply[MESSAGE_BYTES];
	int fd = socket(to->ai_family, to->ai_socktype, 0);

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0 && send(fd, message, sizeof(message), MSG_NOSIGNAL) > 0 &&
	    to->ai_socktype == SOCK_STREAM)
		(void)!recv(fd, reply, sizeof(reply), 0);
	close(fd);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void send_flows(int type, const char *address, int port, int ports, int count, int per_second)
{
	struct addrinfo **to = calloc(ports, sizeof(*to));
	double start = now();
	int i;

	for (i = 0; i < ports; i++)
		to[i] = resolve(address, port + i, type);
	for (i = 0; i < count; i++) {
		double early = start + (double)i / per_second - now();

		if (early > 0.001)
			usleep(early * 1e6);
		one_flow(to[i % ports]);
	}
	printf("{\"flows\":%d}\n", count);
}

int main(int argc, char **argv)
{
	memset(message, 'f', sizeof(message));
	if (argc == 4 && !strcmp(argv[1], "serve"))
		serve(atoi(argv[2]), atoi(argv[3]));
	if (argc != 7) {
		fprintf(stderr, "usage: shortFlows serve PORT PORTS | tcp|udp ADDRESS PORT PORTS COUNT PER-SECOND\n");
		return 2;
	}
	send_flows(strcmp(argv[1], "tcp") ? SOCK_DGRAM : SOCK_STREAM, argv[2], atoi(argv[3]), atoi(argv[4]),
		   atoi(argv[5]), atoi(argv[6]));
	return 0;
}
