// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * A pod that comes, talks at once and goes: configures its end of the veth pair and sends the moment it is up. Run
 * inside the pod's network namespace, it says in a line of JSON after each round of datagrams what the device had
 * counted before it; a line on its input asks for another round, the end of its input ends it.
 *
 *   churnPod pod ADDRESS GATEWAY PORT ECHOES    until ECHOES datagrams were answered
 *   churnPod echo PORT                          answers, in the node's namespace
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DEVICE "eth0"
/* Until the bridge forwards from its new port nobody answers. */
#define WAIT_MS 20
#define MOST_TRIES 2000

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int udp(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail("socket");
	return fd;
}

static struct sockaddr_in at(const char *address, int port)
{
	struct sockaddr_in result = { .sin_family = AF_INET, .sin_port = htons(port) };
	if (inet_pton(AF_INET, address, &result.sin_addr) != 1) {
		fprintf(stderr, "%s is no address\n", address);
		exit(1);
	}
	return result;
}

/* Packets of the kernel's own would come at any time. */
static void without_ipv6(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/all/disable_ipv6", O_WRONLY);
	if (fd < 0 || write(fd, "1", 1) != 1)
		fail("disable_ipv6");
	close(fd);
}

static void set(int fd, unsigned long request, const char *what, const char *address)
{
	struct ifreq wanted = { .ifr_name = DEVICE };
	struct sockaddr_in value = at(address, 0);
	memcpy(&wanted.ifr_addr, &value, sizeof(value));
	if (ioctl(fd, request, &wanted) != 0)
		fail(what);
}

static void bring_up(const char *address)
{
	int fd = udp();
	struct ifreq flags = { .ifr_name = DEVICE };
	set(fd, SIOCSIFADDR, "SIOCSIFADDR", address);
	set(fd, SIOCSIFNETMASK, "SIOCSIFNETMASK", "255.255.0.0");
	if (ioctl(fd, SIOCGIFFLAGS, &flags) != 0)
		fail("SIOCGIFFLAGS");
	flags.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &flags) != 0)
		fail("SIOCSIFFLAGS");
	close(fd);
}

/* What the device itself counted, as /proc/net/dev has it. */
static void device_packets(unsigned long long *received, unsigned long long *sent)
{
	char line[512];
	FILE *file = fopen("/proc/self/net/dev", "re");
	if (!file)
		fail("/proc/self/net/dev");
	while (fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');
		if (!colon || !strstr(line, DEVICE))
			continue;
		if (sscanf(colon + 1, "%*u %llu %*u %*u %*u %*u %*u %*u %*u %llu", received, sent) != 2)
			fail("sscanf");
	}
	fclose(file);
}

static void talk(int fd, int echoes)
{
	char data[64] = "hello";
	unsigned long long received = 0, sent_packets = 0;
	int answered = 0, tries = 0;
	device_packets(&received, &sent_packets);
	while (answered < echoes) {
		struct pollfd answer = { .fd = fd, .events = POLLIN };
		if (++tries > MOST_TRIES) {
			fprintf(stderr, "nobody answers\n");
			exit(1);
		}
		/* Refused and unreachable belong to the datagram before. */
		if (send(fd, data, sizeof(data), 0) < 0 && errno != ECONNREFUSED && errno != EHOSTUNREACH)
			fail("send");
		if (poll(&answer, 1, WAIT_MS) > 0 && recv(fd, data, sizeof(data), 0) > 0)
			answered++;
	}
	printf("{\"received\":%llu,\"sent\":%llu}\n", received, sent_packets);
	fflush(stdout);
}

static int pod(char **arguments)
{
	char line[16];
	int fd = udp();
	struct sockaddr_in gateway = at(arguments[1], atoi(arguments[2]));
	without_ipv6();
	bring_up(arguments[0]);
	if (connect(fd, (struct sockaddr *)&gateway, sizeof(gateway)) != 0)
		fail("connect");
	do
		talk(fd, atoi(arguments[3]));
	while (fgets(line, sizeof(line), stdin));
	return 0;
}

static void echo(char **arguments)
{
	char data[64];
	int fd = udp();
	struct sockaddr_in here = at("0.0.0.0", atoi(arguments[0]));
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0)
		fail("bind");
	puts("{}");
	fflush(stdout);
	for (;;) {
		struct sockaddr_in from;
		socklen_t length = sizeof(from);
		ssize_t size = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &length);
		/* A pod that has gone meanwhile is not there to be answered. */
		if (size >= 0)
			sendto(fd, data, size, 0, (struct sockaddr *)&from, length);
	}
}

int main(int count, char **arguments)
{
	if (count == 6 && strcmp(arguments[1], "pod") == 0)
		return pod(arguments + 2);
	if (count == 3 && strcmp(arguments[1], "echo") == 0)
		echo(arguments + 2);
	fprintf(stderr, "usage: churnPod pod ADDRESS GATEWAY PORT ECHOES | churnPod echo PORT\n");
	return 2;
}
