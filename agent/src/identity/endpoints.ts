import type { Endpoint, Evidence } from '../../../src/model/endpoint.ts';
import { unknownEndpoint } from '../../../src/model/endpoint.ts';
import type { Pod, Service } from '../../../src/model/inventory.ts';
import type { Identity } from './identity.ts';
import { KnownEndpoint } from './identity.ts';
import { workloadOf } from './workload.ts';

/** An identity without a Service. */
export function only(endpoint: Endpoint, pending = false): Identity {
  return { endpoint, known: new KnownEndpoint(endpoint), service: null, serviceEndpoint: null, pending };
}

export function podEndpoint(pod: Pod, address: string, evidence: readonly Evidence[]): Endpoint {
  const [container, ...others] = pod.spec.containers;
  return {
    kind: 'pod',
    namespace: pod.metadata.namespace ?? null,
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    // With several containers the address does not say which one it was.
    container: others.length === 0 ? (container?.name ?? null) : null,
    workload: workloadOf(pod),
    node: pod.spec.nodeName ?? null,
    address,
    names: [],
    evidence,
    candidates: [],
  };
}

/** A pod that has a cgroup here and that the inventory does not have, or not yet. */
export function unlistedPod(uid: string, address: string, evidence: readonly Evidence[]): Endpoint {
  return { ...unknownEndpoint(address), kind: 'pod', uid, evidence };
}

export function nameOf({ metadata }: Pod | Service): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

const EVIDENCE = new Map<string, readonly Evidence[]>();
/** By both parts. */
const JOINED = new WeakMap<readonly Evidence[], WeakMap<readonly Evidence[], readonly Evidence[]>>();

/** The one array of this evidence, so that it can be compared by identity. */
export function evidenceOf(...evidence: readonly Evidence[]): readonly Evidence[] {
  const key = evidence.join();
  const known = EVIDENCE.get(key);
  if (known !== undefined) return known;
  EVIDENCE.set(key, evidence);
  return evidence;
}

/** The one array of the evidence of two, without looking at what is in them. */
export function joinedEvidence(first: readonly Evidence[], second: readonly Evidence[]): readonly Evidence[] {
  let byFirst = JOINED.get(first);
  if (byFirst === undefined) JOINED.set(first, (byFirst = new WeakMap()));
  let joined = byFirst.get(second);
  if (joined === undefined) byFirst.set(second, (joined = evidenceOf(...first, ...second)));
  return joined;
}
