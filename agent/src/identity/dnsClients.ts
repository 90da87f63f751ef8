import type { Endpoint } from '../../../src/model/endpoint.ts';

/**
 * For whom a DNS answer to this end is, and whose answers count for its flows: first the owner of the socket where it is
 * known, then what shares its resolver with it. Pods with hostNetwork and processes of a node share the node's.
 * @param netns inode of the namespace where the packets were seen
 */
export function dnsClients(end: Endpoint, netns: number): readonly [string, ...string[]] {
  const { kind, uid, name, node, address, evidence } = end;
  const shared = `node ${node ?? ''} ${netns}`;
  if (kind === 'node') return [shared];
  if (kind === 'process') return name === null ? [shared] : [`process ${name} ${shared}`, shared];
  if (kind === 'pod' && uid !== null) {
    return evidence.includes('node-ip') ? [`pod ${uid}`, shared] : [`pod ${uid}`];
  }
  return [`address ${address} ${netns}`];
}
