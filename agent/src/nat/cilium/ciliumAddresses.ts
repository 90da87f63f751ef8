import { isIPv4 } from 'node:net';
import { viewOf } from '../../collector/flowLayout.ts';
import { ADDRESS_KEY, ADDRESS_OWNER, MAPS, REMOTE_NODE } from './ciliumLayout.ts';
import type { CiliumMaps } from './ciliumMaps.ts';

const IPV4 = 1;
/** Bits of a whole key: what precedes the address, and the address. */
const WHOLE = 64;

/**
 * The address by which Kubernetes knows the other node that an address is of, such as that of its `cilium_host`, which
 * Cilium takes from the pods' range; null of any other.
 */
export function ciliumNodeOf(maps: CiliumMaps, address: string): string | null {
  if (!isIPv4(address)) return null;
  const key = new Uint8Array(MAPS.addresses.keySize);
  viewOf(key).setUint32(ADDRESS_KEY.prefixLength, WHOLE, true);
  key[ADDRESS_KEY.family] = IPV4;
  key.set(address.split('.').map(Number), ADDRESS_KEY.address);
  const answer = maps.lookup('addresses', key);
  if (answer?.found[0] !== 1) return null;
  const { values } = answer;
  const node = values.subarray(ADDRESS_OWNER.node, ADDRESS_OWNER.node + 4);
  const isNodes = values.readUInt32LE(ADDRESS_OWNER.identity) === REMOTE_NODE;
  return isNodes && node.some((part) => part !== 0) ? node.join('.') : null;
}
