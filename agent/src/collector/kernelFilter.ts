import type { PacketFilter } from '../../native/index.d.ts';

/** Which packets a person wants; empty lists for what does not matter. */
interface PacketChoice {
  readonly addresses: readonly string[];
  readonly ports: readonly number[];
  readonly protocols: readonly number[];
}

/** What the kernel is told; null where every packet passes. It takes an empty list for none. */
export function kernelFilter({ addresses, ports, protocols }: PacketChoice): PacketFilter | null {
  if (addresses.length + ports.length + protocols.length === 0) return null;
  return {
    ...(addresses.length > 0 && { addresses: [...addresses] }),
    ...(ports.length > 0 && { ports: [...ports] }),
    ...(protocols.length > 0 && { protocols: [...protocols] }),
  };
}
