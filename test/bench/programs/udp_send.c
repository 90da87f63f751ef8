// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* udp_send ADDRESS FIRST_PORT PORTS SOCKETS PACKETS: from each socket to each port so many datagrams of 64 bytes one
 * after the other, as fast as it goes. Prints {"rate"}, packets a second.
 */
#define _GNU_SOURCE
#include "traffic.h"
#include <sys/socket.h>

#define BATCH 60

static long long send_all(int fd, struct mmsghdr *messages, int count)
{
	int done = 0;

	while (done < count) {
		int sent = sendmmsg(fd, messages + done, count - done, 0);

		if (sent < 0)
			fail("sendmmsg");
		done += sent;
	}
	return done;
}

int main(int argc, char **argv)
{
	static char payload[MESSAGE_SIZE];
	struct mmsghdr messages[BATCH] = {};
	struct sockaddr_in targets[BATCH];
	struct iovec vector = { payload, sizeof(payload) };
	struct pieces pieces = {};
	long long packets = 0;

	if (argc != 6) {
		fprintf(stderr, "usage: udp_send ADDRESS FIRST_PORT PORTS SOCKETS PACKETS\n");
		return 2;
	}
	int first = atoi(argv[2]), ports = atoi(argv[3]), sockets = atoi(argv[4]), each = atoi(argv[5]);

	use_last_cpu();
	for (int i = 0; i < BATCH; i++) {
		messages[i].msg_hdr.msg_iov = &vector;
		messages[i].msg_hdr.msg_iovlen = 1;
		messages[i].msg_hdr.msg_name = &targets[i];
		messages[i].msg_hdr.msg_namelen = sizeof(targets[i]);
	}
	long long whole = (long long)ports * sockets * each;

	pieces.begin = seconds_now();
	for (int s = 0; s < sockets; s++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0), filled = 0;

		if (fd < 0)
			fail("socket");
		for (int port = first; port < first + ports; port++) {
			struct sockaddr_in target = address_of(argv[1], port);

			for (int i = 0; i < each; i++) {
				targets[filled++] = target;
				if (filled < BATCH)
					continue;
				packets += send_all(fd, messages, filled);
				filled = 0;
				note_progress(&pieces, packets, whole);
			}
		}
		packets += send_all(fd, messages, filled);
		close(fd);
	}
	note_progress(&pieces, packets, whole);
	printf("{\"rate\":%.1f}\n", median_rate(&pieces, whole));
	return 0;
}
