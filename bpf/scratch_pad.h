/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Where a program works: too large for the stack, and what is read back from a map is unknown to the verifier, which
 * so need not walk the rest once for every kind of packet. One per CPU: programs do not interrupt each other.
 */
#ifndef VETHSCOPE_SCRATCH_PAD_H
#define VETHSCOPE_SCRATCH_PAD_H

#include "clock.h"
#include "packet.h"
#include "wire_size.h"

/* One packet at one place. */
struct observation {
	struct flow_key key; /* the source as low side until it is made canonical */
	__u32 point; /* as in point_slot */
	__u32 time; /* coarse */
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
	__u64 tick; /* jiffies at which `time` was read */
	__u32 time;
	__u32 reserved;
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

/* The coarse clock, asked once a tick: reading the jiffies is one load, a call costs 5 ns. What is kept may be a tick
 * older than the clock, which moves a moment after the jiffies.
 */
static __always_inline __u32 coarse_time(struct scratch_pad *work)
{
	__u64 tick = bpf_jiffies64();

	if (work->tick != tick) {
		work->tick = tick;
		work->time = coarse_now();
	}
	return work->time;
}

/* Makes the compiler read memory again instead of remembering what it wrote there. */
#define forget_memory() asm volatile("" ::: "memory")

#endif
