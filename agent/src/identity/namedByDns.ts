import type { Endpoint } from '../../../src/model/endpoint.ts';

/** Names that are listed of an end; one that was told more for one address shows the newest. */
export const MOST_NAMES = 32;

/** The endpoint with names from DNS before its other names. @param found the newest first */
export function namedByDns(endpoint: Endpoint, found: readonly string[]): Endpoint {
  const names = found.slice(0, MOST_NAMES);
  const { name, candidates } = endpoint;
  const isUndecided = name === null && candidates.length === 0 && names.length > 1;
  return {
    ...endpoint,
    names: [...names, ...endpoint.names],
    evidence: endpoint.evidence[0] === 'none' ? ['dns'] : [...endpoint.evidence, 'dns'],
    candidates: isUndecided ? names : candidates,
  };
}
