// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* rawFrames INTERFACE DESTINATION-MAC COUNT PER-SECOND: sends COUNT frames of every kind that a parser meets, in turn
 * and each with other addresses: tags, fragments in and out of order and without their first, tunnels, protocols
 * without ports, options, extension headers, and headers that lie. Addresses are of the benchmarking ranges (RFC 2544,
 * 5180), where nobody lives.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_BYTES 1514
#define MAX_FRAGMENTS 3
#define PAYLOAD 64

struct frame {
	unsigned char bytes[FRAME_BYTES];
	int length;
};

static unsigned char source_mac[6], destination_mac[6];
/* Grows with each packet: its addresses, ports and fragment id. */
static unsigned int serial;
/* Grows with each round of all kinds: so each kind comes in all its variants. */
static unsigned int variant;
/* The frames of the packet at hand. */
static struct frame frames[MAX_FRAGMENTS];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void put8(struct frame *frame, int value)
{
	frame->bytes[frame->length++] = value;
}

static void put16(struct frame *frame, int value)
{
	put8(frame, value >> 8);
	put8(frame, value);
}

static void put32(struct frame *frame, unsigned int value)
{
	put16(frame, value >> 16);
	put16(frame, value);
}

static void fill(struct frame *frame, int bytes)
{
	memset(frame->bytes + frame->length, 'r', bytes);
	frame->length += bytes;
}

/* Ethernet without its type. */
static void addresses(struct frame *frame)
{
	frame->length = 0;
	memcpy(frame->bytes, destination_mac, 6);
	memcpy(frame->bytes + 6, source_mac, 6);
	frame->length = 12;
}

static void tag(struct frame *frame, int type, int vlan)
{
	put16(frame, type);
	put16(frame, vlan);
}

static void checksum(unsigned char *header, int bytes)
{
	unsigned int sum = 0;
	int i;

	for (i = 0; i < bytes; i += 2)
		sum += header[i] << 8 | header[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	header[10] = sum >> 8;
	header[11] = sum;
}

/* words: of options behind the header. */
static void ipv4(struct frame *frame, int protocol, int payload, int fragment, int words)
{
	int start = frame->length + 2;
	int i;

	put16(frame, ETHERTYPE_IP);
	put8(frame, 0x45 + words);
	put8(frame, 0);
	put16(frame, 20 + 4 * words + payload);
	put16(frame, serial);
	put16(frame, fragment);
	put8(frame, 64);
	put8(frame, protocol);
	put16(frame, 0);
	put32(frame, 0xc6120000 | (serial & 0xff));
	put32(frame, 0xc6130001);
	for (i = 0; i < words; i++)
		put32(frame, 0x94040000); /* router alert */
	checksum(frame->bytes + start, 20 + 4 * words);
}

static void address6(struct frame *frame, int last)
{
	put32(frame, 0x20010002);
	put32(frame, 0);
	put32(frame, 0);
	put32(frame, last);
}

static void ipv6(struct frame *frame, int next, int payload)
{
	put16(frame, ETHERTYPE_IPV6);
	put32(frame, 0x60000000);
	put16(frame, payload);
	put8(frame, next);
	put8(frame, 64);
	address6(frame, 0x100 | (serial & 0xff));
	address6(frame, 1);
}

/* UDP with no checksum; IPv6 nodes drop that, but not before it has passed the hooks. */
static void udp(struct frame *frame, int port, int payload)
{
	put16(frame, 20000 + variant % 1000);
	put16(frame, port);
	put16(frame, 8 + payload);
	put16(frame, 0);
}

static void tcp(struct frame *frame, int words)
{
	put16(frame, 20000 + variant % 1000);
	put16(frame, 81);
	put32(frame, serial);
	put32(frame, 0);
	put16(frame, words << 12 | 0x10);
	put16(frame, 1000);
	put32(frame, 0);
}

static int plain_udp(void)
{
	addresses(frames);
	ipv4(frames, 17, 8 + PAYLOAD, 0, 0);
	udp(frames, 9, PAYLOAD);
	fill(frames, PAYLOAD);
	return 1;
}

static int tagged(int tags, int outer)
{
	addresses(frames);
	for (int i = 0; i < tags; i++)
		tag(frames, i == 0 ? outer : 0x8100, 100 + i);
	if (variant & 1) {
		ipv4(frames, 17, 8 + PAYLOAD, 0, 0);
	} else {
		ipv6(frames, 17, 8 + PAYLOAD);
	}
	udp(frames, 9, PAYLOAD);
	fill(frames, PAYLOAD);
	return 1;
}

static int vlan(void)
{
	return tagged(1, 0x8100);
}

static int qinq(void)
{
	return tagged(2, 0x88a8);
}

static int three_tags(void)
{
	return tagged(3, 0x88a8);
}

/* Three fragments of one datagram; which of them come, and in which order, follows from the variant. */
static int fragments4(void)
{
	int turn = variant % 3;

	for (int i = 0; i < 3; i++) {
		struct frame *frame = frames + (i + turn) % 3;

		addresses(frame);
		ipv4(frame, 17, 64, i * 8 | (i < 2 ? 0x2000 : 0), 0);
		if (i == 0)
			udp(frame, 9, 184);
		fill(frame, i == 0 ? 56 : 64);
	}
	return 3;
}

static int later_fragment4(void)
{
	addresses(frames);
	ipv4(frames, 6, 64, 100, 0);
	fill(frames, 64);
	return 1;
}

static void fragment6(struct frame *frame, int offset, int more)
{
	addresses(frame);
	ipv6(frame, 44, 8 + 64);
	put16(frame, 17 << 8);
	put16(frame, offset << 3 | more);
	put32(frame, serial);
}

static int fragments6(void)
{
	struct frame *first = frames + (variant & 1), *second = frames + !(variant & 1);

	fragment6(first, 0, 1);
	udp(first, 9, 120);
	fill(first, 56);
	fragment6(second, 8, 0);
	fill(second, 64);
	return 2;
}

static int later_fragment6(void)
{
	fragment6(frames, 200, 0);
	fill(frames, 64);
	return 1;
}

static int gre(void)
{
	addresses(frames);
	ipv4(frames, 47, 4 + 20 + 8 + PAYLOAD, 0, 0);
	put16(frames, 0);
	ipv4(frames, 17, 8 + PAYLOAD, 0, 0); /* begins with its own type, as GRE has it */
	udp(frames, 9, PAYLOAD);
	fill(frames, PAYLOAD);
	return 1;
}

/* IPv4 or IPv6 in IPv4; the inner EtherType that ipv4() and ipv6() write is taken out again. */
static int in_ipv4(int six)
{
	struct frame inner;

	addresses(frames);
	ipv4(frames, six ? 41 : 4, (six ? 40 : 20) + 8 + PAYLOAD, 0, 0);
	inner.length = 0;
	if (six)
		ipv6(&inner, 17, 8 + PAYLOAD);
	else
		ipv4(&inner, 17, 8 + PAYLOAD, 0, 0);
	memcpy(frames->bytes + frames->length, inner.bytes + 2, inner.length - 2);
	frames->length += inner.length - 2;
	udp(frames, 9, PAYLOAD);
	fill(frames, PAYLOAD);
	return 1;
}

static int ipip(void)
{
	return in_ipv4(0);
}

static int sit(void)
{
	return in_ipv4(1);
}

static int vxlan(void)
{
	static const int ports[] = { 4789, 8472, 14789 };

	addresses(frames);
	ipv4(frames, 17, 8 + 8 + 14 + 20 + 20, 0, 0);
	udp(frames, ports[variant % 3], 8 + 14 + 20 + 20);
	put32(frames, 0x08000000);
	put32(frames, 7 << 8);
	fill(frames, 12);
	ipv4(frames, 6, 20, 0, 0);
	tcp(frames, 5);
	return 1;
}

/* Protocols whose content is a number at most. */
static int other_protocol(void)
{
	static const unsigned char protocols[] = { 2, 33, 50, 51, 89, 103, 112, 132, 136, 253 };

	addresses(frames);
	ipv4(frames, protocols[variant % sizeof(protocols)], PAYLOAD, 0, 0);
	put16(frames, 0x1104); /* as AH: UDP follows, 24 bytes long */
	put16(frames, 0);
	put32(frames, serial);
	fill(frames, PAYLOAD - 8);
	return 1;
}

static int icmp(void)
{
	static const unsigned char types[] = { 0, 3, 5, 8, 11, 13 };

	addresses(frames);
	ipv4(frames, 1, 8 + 28, 0, 0);
	put8(frames, types[variant % sizeof(types)]);
	put8(frames, 0);
	put16(frames, 0);
	put32(frames, serial);
	fill(frames, 28);
	return 1;
}

static int icmpv6(void)
{
	static const unsigned char types[] = { 1, 128, 129, 130, 143 };

	addresses(frames);
	ipv6(frames, 58, 8 + PAYLOAD);
	put8(frames, types[variant % sizeof(types)]);
	put8(frames, 0);
	put16(frames, 0);
	put32(frames, serial);
	fill(frames, PAYLOAD);
	return 1;
}

static int options(void)
{
	addresses(frames);
	ipv4(frames, 17, 8 + PAYLOAD, 0, 1 + variant % 10);
	udp(frames, 9, PAYLOAD);
	fill(frames, PAYLOAD);
	return 1;
}

/* One to eight destination options headers. */
static int extension_headers(void)
{
	int count = 1 + variant % 8;

	addresses(frames);
	ipv6(frames, 60, 8 * count + 8 + PAYLOAD);
	for (int i = 0; i < count; i++) {
		put8(frames, i < count - 1 ? 60 : 17);
		put8(frames, 0);
		put16(frames, 0x0104); /* PadN */
		put32(frames, 0);
	}
	udp(frames, 9, PAYLOAD);
	fill(frames, PAYLOAD);
	return 1;
}

static int bad_ihl(void)
{
	plain_udp();
	frames->bytes[14] = 0x42;
	return 1;
}

static int bad_data_offset(void)
{
	addresses(frames);
	ipv4(frames, 6, 20, 0, 0);
	tcp(frames, 3);
	return 1;
}

static int cut_short(void)
{
	plain_udp();
	frames->length = 14 + variant % 28;
	return 1;
}

static int not_ip(void)
{
	static const int types[] = { 0x0806, 0x0026, 0x8847, 0x88cc, 0x8863 };

	addresses(frames);
	put16(frames, types[variant % 5]);
	put32(frames, 0x00010800); /* as ARP: a request between addresses that nobody has */
	put32(frames, 0x06040001);
	memcpy(frames->bytes + frames->length, source_mac, 6);
	frames->length += 6;
	put32(frames, 0xc6120001);
	fill(frames, 6);
	put32(frames, 0xc6130002);
	return 1;
}

static int (*const kinds[])(void) = {
	plain_udp,
	vlan,
	qinq,
	three_tags,
	fragments4,
	later_fragment4,
	fragments6,
	later_fragment6,
	gre,
	ipip,
	sit,
	vxlan,
	icmp,
	icmpv6,
	options,
	other_protocol,
	extension_headers,
	bad_ihl,
	bad_data_offset,
	cut_short,
	not_ip,
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int open_socket(const char *name)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET };
	struct ifreq request = {};
	int fd = socket(AF_PACKET, SOCK_RAW, 0); /* protocol 0: sends only */

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		fail(name);
	memcpy(source_mac, request.ifr_hwaddr.sa_data, 6);
	address.sll_ifindex = (int)if_nametoindex(name);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("bind");
	return fd;
}

int main(int argc, char **argv)
{
	int count, per_second, fd, sent = 0;
	double start = now();

	if (argc != 5 ||
	    sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", destination_mac, destination_mac + 1, destination_mac + 2,
		   destination_mac + 3, destination_mac + 4, destination_mac + 5) != 6) {
		fprintf(stderr, "usage: rawFrames INTERFACE DESTINATION-MAC COUNT PER-SECOND\n");
		return 2;
	}
	fd = open_socket(argv[1]);
	count = atoi(argv[3]);
	per_second = atoi(argv[4]);
	while (sent < count) {
		double early = start + (double)sent / per_second - now();
		int made;

		if (early > 0.001)
			usleep(early * 1e6);
		variant = serial / KINDS;
		made = kinds[serial % KINDS]();
		for (int i = 0; i < made; i++, sent++)
			if (send(fd, frames[i].bytes, frames[i].length, 0) < 0)
				fail("send");
		serial++;
	}
	printf("{\"frames\":%d}\n", sent);
	return 0;
}
