/** What a large cluster has, as the extension tells agents of it. */
import type { InventoryObject } from '../../src/model/inventory.ts';

export const PODS = 20_000;
export const SERVICES = 5000;

export const podAddress = (pod: number): string => `10.${100 + (pod >> 16)}.${(pod >> 8) & 255}.${pod & 255}`;
export const serviceAddress = (service: number): string => `10.96.${service >> 8}.${service & 255}`;

export function largeInventory(): InventoryObject[] {
  const creationTimestamp = '2025-12-31T00:00:00Z';
  const pods = Array.from({ length: PODS }, (_, pod) => ({
    kind: 'Pod' as const,
    metadata: { namespace: `ns-${pod % 100}`, name: `pod-${pod}`, uid: `pod-${pod}`, creationTimestamp },
    spec: { nodeName: `node-${pod % 100}`, containers: [{ name: 'main' }] },
    status: { phase: 'Running', startTime: creationTimestamp, podIPs: [{ ip: podAddress(pod) }] },
  }));
  const services = Array.from({ length: SERVICES }, (_, service) => ({
    kind: 'Service' as const,
    metadata: { namespace: 'shop', name: `service-${service}`, uid: `service-${service}`, creationTimestamp },
    spec: {
      type: 'ClusterIP',
      clusterIPs: [serviceAddress(service)],
      ports: [{ port: 80, protocol: 'TCP' }],
    },
    status: { loadBalancer: {} },
  }));
  return [...pods, ...services] as InventoryObject[];
}
