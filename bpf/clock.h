/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#ifndef VETHSCOPE_CLOCK_H
#define VETHSCOPE_CLOCK_H

#include <bpf/bpf_core_read.h>

/* Times in entries are in units of 2^20 ns, about a millisecond: finer than the coarse clock's tick. */
#define TIME_SHIFT 20

/* CLOCK_MONOTONIC to a tick (1 to 10 ms), 24 ns cheaper than the exact one; exact where the kernel (< 5.11) has no
 * coarse clock.
 */
static __always_inline __u32 coarse_now(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ktime_get_coarse_ns))
		return bpf_ktime_get_coarse_ns() >> TIME_SHIFT;
	return bpf_ktime_get_ns() >> TIME_SHIFT;
}

#endif
