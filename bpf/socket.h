/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Identity for free: while a packet still carries its sender's socket, that socket names container and process. */
#ifndef VETHSCOPE_SOCKET_H
#define VETHSCOPE_SOCKET_H

/* Resets and time-wait answers leave through the kernel's own socket, which is in the root cgroup: any other
 * socket of the flow tells more.
 */
#define ROOT_CGROUP 1

static __always_inline void note_cgroup(struct side_facts *facts, __u64 cgroup_id)
{
	if (facts->cgroup_id <= ROOT_CGROUP)
		facts->cgroup_id = cgroup_id > facts->cgroup_id ? cgroup_id : facts->cgroup_id;
	else if (cgroup_id > ROOT_CGROUP && cgroup_id != facts->cgroup_id)
		facts->other_cgroup_id = cgroup_id;
}

/* Before the cgroup is noted: until that is another than the root one, any socket tells more. */
static __always_inline void note_cookie(struct side_facts *facts, __u64 cookie)
{
	if (cookie && (!facts->cookie || facts->cgroup_id <= ROOT_CGROUP))
		facts->cookie = cookie;
}

static __always_inline void note_socket(struct __sk_buff *skb, struct side_facts *facts, __u8 protocol)
{
	struct bpf_sock *sk = skb->sk;
	struct bpf_tcp_sock *tcp;

	if (!sk)
		return;
	/* A TCP connection has one socket, any other port may be shared (SO_REUSEPORT). */
	if (facts->cgroup_id <= ROOT_CGROUP || protocol != IPPROTO_TCP) {
		note_cookie(facts, bpf_get_socket_cookie(skb));
		note_cgroup(facts, bpf_skb_cgroup_id(skb));
	}
	if (protocol != IPPROTO_TCP)
		return;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return;
	tcp = bpf_tcp_sock(sk);
	if (!tcp)
		return;
	facts->srtt_us = tcp->srtt_us >> 3;
	facts->retransmits = tcp->total_retrans;
}

#endif
