/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What the parser made of one packet. test/fuzz/parsedPacket.ts reads it by offset. */
#ifndef VETHSCOPE_PARSED_PACKET_H
#define VETHSCOPE_PARSED_PACKET_H

#define PARSED_OUTER 0x1
#define PARSED_INNER 0x2
#define PARSED_QUOTED 0x4

/* Keys have the source as low side: not canonical. */
struct parsed_packet {
	struct flow_key outer;
	struct flow_key inner; /* inside a tunnel */
	struct flow_key quoted; /* by an ICMP error */
	__u32 cause; /* of unparsed_cause; UNPARSED_CAUSES: parsed */
	__u32 inner_cause;
	__u32 vni;
	__u32 flags; /* which keys are valid */
};

#endif
