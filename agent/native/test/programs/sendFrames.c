// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* sendFrames INTERFACE plain|ring [TIMES]: sends the frames that standard input gives, one a line in hex, plain ones as
 * often as said. In a ring they leave as page fragments: only the first bytes of such a buffer are linear.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define FRAME_BYTES 4096
#define FRAMES 64

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static size_t read_frame(unsigned char *frame)
{
	char line[2 * FRAME_BYTES];
	size_t length = 0;

	if (!fgets(line, sizeof(line), stdin))
		return 0;
	for (; sscanf(line + 2 * length, "%2hhx", frame + length) == 1; length++)
		;
	return length;
}

static void send_plain(int fd, int times)
{
	unsigned char frame[FRAME_BYTES];
	size_t length;

	while ((length = read_frame(frame)) > 0)
		for (int sent = 0; sent < times; sent++)
			if (send(fd, frame, length, 0) < 0)
				fail("send");
}

static void send_ring(int fd, void *ring)
{
	unsigned int frame = 0;
	size_t length;

	for (;; frame++) {
		struct tpacket2_hdr *header = (void *)((char *)ring + frame * FRAME_BYTES);
		unsigned char *data = (unsigned char *)header + TPACKET_ALIGN(sizeof(*header));

		length = frame < FRAMES ? read_frame(data) : 0;
		if (length == 0)
			break;
		header->tp_len = length;
		header->tp_status = TP_STATUS_SEND_REQUEST;
	}
	if (send(fd, NULL, 0, 0) < 0)
		fail("send");
}

static void *open_ring(int fd)
{
	struct tpacket_req request = {
		.tp_block_size = FRAME_BYTES * FRAMES,
		.tp_block_nr = 1,
		.tp_frame_size = FRAME_BYTES,
		.tp_frame_nr = FRAMES,
	};
	int version = TPACKET_V2;
	void *ring;

	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &request, sizeof(request)))
		fail("setsockopt");
	ring = mmap(NULL, (size_t)FRAME_BYTES * FRAMES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		fail("mmap");
	return ring;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	void *ring = NULL;

	if (argc < 3 || fd < 0)
		fail("usage: sendFrames INTERFACE plain|ring [TIMES]");
	if (!strcmp(argv[2], "ring"))
		ring = open_ring(fd);
	address.sll_ifindex = (int)if_nametoindex(argv[1]);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("bind");
	if (ring)
		send_ring(fd, ring);
	else
		send_plain(fd, argc > 3 ? atoi(argv[3]) : 1);
	return 0;
}
