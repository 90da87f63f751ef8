import { FLOW, FLOW_BITS } from '../model/flowRecord.ts';
import type { FlowRecords } from '../model/flowRecords.ts';
import type { AgentFlows } from './agentFlows.ts';

/** Fields that say the same of the client and of the server. */
const SIDES = {
  endpoint: [FLOW.client, FLOW.server],
  port: [FLOW.clientPort, FLOW.serverPort],
  tcpFlags: [FLOW.clientTcpFlags, FLOW.serverTcpFlags],
  packets: [FLOW.sentPackets, FLOW.receivedPackets],
  bytes: [FLOW.sentBytes, FLOW.receivedBytes],
  cgroup: [FLOW.clientCgroup, FLOW.serverCgroup],
  tunnel: [FLOW.sentTunnel, FLOW.receivedTunnel],
} as const;
export type SideField = keyof typeof SIDES;
export type Side = 'client' | 'server';

/** One agent's flow in a conversation, its sides named as the conversation has them. */
export class CrossNodeFlow {
  readonly slot: number;
  readonly agent: number;
  readonly #records: FlowRecords;
  readonly #flows: AgentFlows;
  /** The agent took the client for the server. */
  readonly #turned: boolean;

  constructor(flows: AgentFlows, slot: number, turned: boolean) {
    this.slot = slot;
    this.#flows = flows;
    this.#records = flows.table.records;
    this.#turned = turned;
    this.agent = this.#records.uint32(slot, FLOW.agent);
  }

  /** Empty while it is not known. */
  get node(): string {
    return this.#flows.names.nodeOf(this.agent) ?? '';
  }
  get isTurned(): boolean {
    return this.#turned;
  }
  get isCertain(): boolean {
    return this.#bit(FLOW_BITS.initiatorCertain);
  }
  get isJoined(): boolean {
    return this.#bit(FLOW_BITS.joined);
  }
  get allPackets(): number {
    return this.float64(FLOW.sentPackets) + this.float64(FLOW.receivedPackets);
  }

  uint8(field: number): number {
    return this.#records.uint8(this.slot, field);
  }
  uint16(field: number): number {
    return this.#records.uint16(this.slot, field);
  }
  uint32(field: number): number {
    return this.#records.uint32(this.slot, field);
  }
  float64(field: number): number {
    return this.#records.float64(this.slot, field);
  }

  /** Where the record has a field of one side. */
  at(side: Side, field: SideField): number {
    return SIDES[field][(side === 'server') !== this.#turned ? 1 : 0];
  }

  /** One number for the address and port of a side as the agent has it. */
  end(side: Side): number {
    const address = this.#flows.endpoints.addressNumber(this.uint32(this.at(side, 'endpoint')));
    return endNumber(address, this.uint16(this.at(side, 'port')));
  }

  /** What the client asked for before DNAT; 0 where there was none. Who translates knows who asked: it is not turned. */
  get asked(): number {
    return endNumber(this.uint32(FLOW.askedAddress), this.uint16(FLOW.askedPort));
  }

  /** What the client's packets come from after SNAT; 0 where there was none. */
  get translated(): number {
    return endNumber(this.uint32(FLOW.translatedAddress), this.uint16(FLOW.translatedPort));
  }

  #bit(bit: number): boolean {
    return (this.uint8(FLOW.bits) & bit) !== 0;
  }
}

const endNumber = (address: number, port: number): number => (address === 0 ? 0 : address * 0x10000 + port);

/** Where a row has the field of a side. */
export const sideField = (side: Side, field: SideField): number => SIDES[field][side === 'server' ? 1 : 0];
