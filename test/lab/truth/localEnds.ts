/** Which end of a packet is local where it was seen, by the lab's plan: what leaves an end has its address as the source. */
import assert from 'node:assert/strict';
import type { Flow, Sighting } from '../../../src/model/flow.ts';
import type { LabPlan } from '../plan.ts';
import { UPLINK } from '../plan.ts';

const LEAVES = ['from-endpoint', 'to-network', 'from-bridge'];
const ARRIVES = ['to-endpoint', 'from-network', 'to-bridge'];

/** Addresses behind each interface of the node, seen from the node. */
export function addressesBehind(plan: LabPlan): ReadonlyMap<string, ReadonlySet<string>> {
  const of = (...all: { ipv4: string; ipv6: string }[]): Set<string> =>
    new Set(all.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]));
  const pods = plan.pods.filter(({ hostInterface }) => hostInterface !== null);
  const bridged = [plan.bridge.addresses, ...pods.map(({ addresses }) => addresses)];
  return new Map([
    ...pods.map(({ hostInterface, addresses }) => [hostInterface ?? '', of(addresses)] as const),
    [plan.bridge.name, of(...bridged)],
    // The uplink's local side is all of the node.
    [UPLINK, of(plan.node.addresses, ...bridged)],
  ]);
}

/**
 * Asserts of every sighting in the node's namespace that the source is local where the packet left, and the destination
 * where it arrived.
 * @returns how many were checked
 */
export function assertLocalEnds(flows: readonly Flow[], plan: LabPlan, netns: number): number {
  const behind = addressesBehind(plan);
  let checked = 0;
  for (const flow of flows) {
    for (const sighting of flow.sightings) {
      const local = sighting.netns === netns ? behind.get(sighting.interface) : undefined;
      if (local === undefined || isGroup(sighting)) continue;
      const { source, destination } = sighting.tuple;
      const text = `${flow.protocol} ${source} > ${destination} at ${sighting.point} of ${sighting.interface}`;
      assert.ok([...LEAVES, ...ARRIVES].includes(sighting.point), text);
      assert.ok(local.has(LEAVES.includes(sighting.point) ? source : destination), text);
      checked += 1;
    }
  }
  return checked;
}

/** Sent to many, so to no address of anybody. */
function isGroup({ tuple: { destination } }: Sighting): boolean {
  return destination.startsWith('ff') || /^2(2[4-9]|3\d)\./.test(destination);
}
