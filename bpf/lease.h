/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Sign of life of the agent, which the addon shares. A legacy filter outlives the process that attached it: without a
 * sign of life its program does nothing any more, and the next agent may remove it.
 */
#ifndef VETHSCOPE_LEASE_H
#define VETHSCOPE_LEASE_H

struct lease {
	__u64 alive_until; /* CLOCK_MONOTONIC, ns */
	__u32 owner; /* id of a map that only the owning process holds: it is gone when the process is */
	__u32 reserved;
};

#endif
