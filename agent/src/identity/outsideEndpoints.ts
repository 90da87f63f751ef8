import type { EndpointSlice } from '../../../src/model/inventory.ts';
import { canonicalAddress } from './address.ts';

/** The label of an EndpointSlice that says whose it is. */
export const SERVICE_NAME = 'kubernetes.io/service-name';

/** By address: Services, as namespace/name, that send there without a pod behind it, as their endpoints were set by hand. */
export function outsideEndpoints(slices: Iterable<EndpointSlice>): Map<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const { metadata, addressType, endpoints } of slices) {
    const service = metadata.labels?.[SERVICE_NAME];
    if (service === undefined || addressType === 'FQDN') continue;
    for (const { addresses, targetRef } of endpoints) {
      if (targetRef !== undefined) continue;
      for (const address of addresses.map(canonicalAddress)) {
        const services = found.get(address) ?? new Set();
        found.set(address, services.add(`${metadata.namespace ?? ''}/${service}`));
      }
    }
  }
  return new Map([...found].map(([address, services]) => [address, [...services].sort()]));
}
