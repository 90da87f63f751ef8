import type { Endpoint, Evidence } from '../model/endpoint.ts';

/** What names an end the better, the smaller. That conntrack or Cilium knows of an end says nothing about who it is. */
const DOUBT: Readonly<Record<Evidence, number>> = {
  cgroup: 0,
  socket: 1,
  listener: 2,
  process: 2,
  kernel: 2,
  veth: 3,
  'pod-ip': 4,
  'service-ip': 5,
  'host-port': 7,
  'node-ip': 7,
  'cilium-ip': 7,
  dns: 8,
  conntrack: 9,
  cilium: 9,
  none: 9,
};
/** Several who were seen to use the address are better than the node that they share, and worse than any one name. */
const CANDIDATES = 6;

/** How unsure it is who an end is, from 0; for choosing between what several agents say of one end. */
export function endpointDoubt({ evidence, candidates }: Endpoint): number {
  const least = evidence.reduce((doubt, kind) => Math.min(doubt, DOUBT[kind]), DOUBT.none);
  return candidates.length > 0 ? Math.max(CANDIDATES, least) : least;
}
