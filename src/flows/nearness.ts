import { FLOW, SIGHTING } from '../model/flowRecord.ts';
import type { AgentFlows } from './agentFlows.ts';
import type { CrossNodeFlow, Side } from './crossNodeFlow.ts';

/** How near an agent was to the ends of a conversation; the smaller, the nearer to the client. */
const RANK = { clientVeth: 0, clientNode: 1, serverVeth: 2, serverNode: 3, between: 4 } as const;
const CLIENT_VETH = 1;
const SERVER_VETH = 2;

/** The nodes of the conversation's ends, null where they are not known. */
export interface EndNodes {
  readonly client: string | null;
  readonly server: string | null;
}

/** Says which agent's counts of a conversation are taken: those of the one nearest to the client. */
export class Nearness {
  readonly #flows: AgentFlows;
  /** By slot: which ends the agent saw at their own veth, and of how many sightings that was read. */
  readonly #veths = new Map<number, { readonly sightings: number; readonly bits: number }>();

  constructor(flows: AgentFlows) {
    this.#flows = flows;
  }

  forget(slot: number): void {
    this.#veths.delete(slot);
  }

  /** @param isOwn whether a side's address is the end's own, not one that the node translated it to */
  rank(flow: CrossNodeFlow, nodes: EndNodes, isOwn: Readonly<Record<Side, boolean>>): number {
    const bits = this.#vethBits(flow);
    const [clientBit, serverBit] = flow.isTurned ? [SERVER_VETH, CLIENT_VETH] : [CLIENT_VETH, SERVER_VETH];
    const node = this.#flows.names.nodeOf(flow.agent);
    if (isOwn.client && (bits & clientBit) !== 0) return RANK.clientVeth;
    if (isOwn.client && node !== null && node === nodes.client) return RANK.clientNode;
    if (isOwn.server && (bits & serverBit) !== 0) return RANK.serverVeth;
    if (isOwn.server && node !== null && node === nodes.server) return RANK.serverNode;
    return RANK.between;
  }

  #vethBits(flow: CrossNodeFlow): number {
    const { slot, agent } = flow;
    const sightings = this.#flows.sightings.countOf(slot);
    const known = this.#veths.get(slot);
    if (known?.sightings === sightings) return known.bits;
    const bits = this.#readVeths(slot, agent);
    this.#veths.set(slot, { sightings, bits });
    return bits;
  }

  /** In the words of the agent's own record. */
  #readVeths(slot: number, agent: number): number {
    const { names, sightings, endpoints, table } = this.#flows;
    const records = sightings.get(slot);
    let bits = 0;
    for (let row = 0; row < records.count; row++) {
      const point = names.point(agent, records.uint32(row, SIGHTING.point));
      if (point === undefined || point.inner) continue;
      const leaves = point.point === 'from-endpoint';
      if (!leaves && point.point !== 'to-endpoint') continue;
      const address = names.addressNumber(
        agent,
        records.uint32(row, leaves ? SIGHTING.source : SIGHTING.destination),
      );
      const port = records.uint16(row, leaves ? SIGHTING.sourcePort : SIGHTING.destinationPort);
      const isEnd = (endpoint: number, endPort: number): boolean =>
        port === table.records.uint16(slot, endPort) &&
        address === endpoints.addressNumber(table.records.uint32(slot, endpoint));
      if (isEnd(FLOW.client, FLOW.clientPort)) bits |= CLIENT_VETH;
      else if (isEnd(FLOW.server, FLOW.serverPort)) bits |= SERVER_VETH;
    }
    return bits;
  }
}
