/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Where a program works: too large for the stack, and what is read back from a map is unknown to the verifier, which
 * so need not walk the rest once for every kind of packet. One per CPU: programs do not interrupt each other.
 */
#ifndef VETHSCOPE_SCRATCH_PAD_H
#define VETHSCOPE_SCRATCH_PAD_H

#include "packet.h"
#include "wire_size.h"

/* One packet at one place. */
struct observation {
	struct flow_key key; /* the source as low side until it is made canonical */
	__u32 point; /* as in point_slot */
	struct packet packet;
	struct wire_size size;
	__u32 entrance; /* the packet enters what we watch here */
	__u32 tunnel; /* id of the tunnel around it, 0 for none */
	__u32 outer_port;
	__u32 payload; /* bytes of a TCP or DNS packet */
};

struct scratch_pad {
	struct observation outer;
	struct observation inner; /* the packet inside the outer one */
	struct tunnel_key tunnel;
	__u32 inner_start; /* where its link header or, without one, its IP header begins */
	__u32 inner_cause; /* enum unparsed_cause, or PARSED */
	struct flow_value new_flow;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch_pad);
} scratch_memory SEC(".maps");

static __always_inline struct scratch_pad *scratch_of_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch_memory, &zero);
}

/* Makes the compiler read memory again instead of remembering what it wrote there. */
#define forget_memory() asm volatile("" ::: "memory")

#endif
