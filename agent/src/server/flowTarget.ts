import type { Endpoint } from '../../../src/model/endpoint.ts';
import type { FlowsTarget } from './source.ts';

/** Tells whether an endpoint is part of what a reader asked for. */
export function endpointFilter(
  target: FlowsTarget,
): (endpoint: Pick<Endpoint, 'uid' | 'namespace'>) => boolean {
  const uids = new Set(target.podUids);
  const namespaces = new Set(target.namespaces);
  if (uids.size === 0 && namespaces.size === 0) return () => true;
  return ({ uid, namespace }) =>
    (uid !== null && uids.has(uid)) || (namespace !== null && namespaces.has(namespace));
}
