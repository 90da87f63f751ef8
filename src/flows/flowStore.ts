import { FLOW } from '../model/flowRecord.ts';
import type { ClockOffset } from '../model/clockOffset.ts';
import type { Drop } from '../model/flow.ts';
import { FlowRecords } from '../model/flowRecords.ts';
import type { FlowReference, SightingRow, TunnelRow } from '../model/panelMessages.ts';
import type { NodeTranslation } from '../model/path/flowPath.ts';
import { AgentFlows } from './agentFlows.ts';
import { CrossNodeRows } from './crossNodeRows.ts';
import type { EndpointTable } from './endpointTable.ts';
import type { FlowPicture } from './flowPicture.ts';
import type { FlowTable } from './flowTable.ts';
import type { AgentPoint, FlowUpdate } from './flowUpdate.ts';
import type { InterfacePlace, SeenTraffic, SeenTuple } from './interfaceSightings.ts';
import { DepartedSightings, forEachSightingAt } from './interfaceSightings.ts';
import type { RecordNames } from './translations.ts';
import { translationsOf, translatorIn } from './translations.ts';
import { TUNNEL_FIELDS, tunnelRow } from './tunnelRow.ts';

export interface FlowStoreLimits {
  /** Ended rows that are kept; beyond that the oldest are dropped and counted. */
  readonly ended: number;
}

export interface FlowDetail {
  /** One flow record. */
  readonly record: ArrayBuffer;
  /** Of all agents that saw it. */
  readonly sightings: readonly SightingRow[];
  readonly tunnels: readonly TunnelRow[];
  /** Of each agent that saw it: one node after the other may translate. */
  readonly nat: readonly NodeTranslation[];
  /** Where the kernel dropped its packets, on each node. */
  readonly drops: readonly Drop[];
  /** Nodes of its ends on which no agent of the session runs: what happened there is not known. */
  readonly unobserved: readonly string[];
}

/** An agent of the session as it is now, by its number on the wire. */
export interface ObservingAgent {
  readonly agent: number;
  /** As the inventory names it; null where that is not known, as of this machine. */
  readonly node: string | null;
  /** Null while it was not measured. */
  readonly clock: ClockOffset | null;
}

const DEFAULT_LIMITS: FlowStoreLimits = { ended: 20_000 };
const RATE_INTERVAL_MILLISECONDS = 1000;

/**
 * All flows of one session as packed records, one row a conversation: with several agents, what they saw of one is
 * joined. Agents and endpoints have numbers of the session here: an agent that starts anew gets another number, so that
 * its ids never meet those of before.
 */
export class FlowStore {
  readonly endpoints: EndpointTable;
  readonly #limits: FlowStoreLimits;
  readonly #flows = new AgentFlows();
  readonly #departed = new DepartedSightings(this.#flows);
  /** Null while a single agent told of flows: its flows are the rows. */
  #crossNode: CrossNodeRows | null = null;
  /** From the number on the wire to the number in the store. */
  readonly #agents = new Map<number, number>();
  #agentsEver = 0;
  #observing: readonly ObservingAgent[] = [];
  #measuredAt: number | null = null;
  #revision = 0;
  #droppedEnded = 0;
  #skippedUpdates = 0;
  #activeFlows = 0;

  constructor(limits: FlowStoreLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
    this.endpoints = this.#flows.endpoints;
  }

  /** Changes with every change of the store. */
  get revision(): number {
    return this.#revision;
  }

  /** Rows held, live and ended. */
  get size(): number {
    return this.#crossNode?.size ?? this.#flows.size;
  }

  /** Ended rows held. */
  get ended(): number {
    return (this.#crossNode ?? this.#flows).ended.size;
  }

  /** Ended rows no longer held. */
  get droppedEnded(): number {
    return this.#droppedEnded;
  }

  /** Rows that went so far: dropped, absorbed, or joined with another. */
  get removals(): number {
    return this.#rows.removals;
  }

  /** Updates that agents dropped because they were read too slowly. */
  get skippedUpdates(): number {
    return this.#skippedUpdates;
  }

  /** Rows that had traffic during the last whole second. */
  get activeFlows(): number {
    return this.#activeFlows;
  }

  /** Throws RangeError when flows or sightings are not whole records. */
  apply(update: FlowUpdate): void {
    const agent = this.#agentOf(update);
    if (this.#agents.size > 1) this.#joinNodes();
    this.#flows.apply(agent, update);
    this.#crossNode?.settle();
    this.#dropOldestEnded();
    this.#skippedUpdates += update.skippedUpdates;
    this.#revision++;
  }

  /** Takes which agents run, on which nodes, and what is known of their clocks. */
  observe(observing: readonly ObservingAgent[]): void {
    this.#observing = observing;
    for (const [agent, number] of this.#agents) {
      if (observing.some((one) => one.agent === agent)) this.#takeClock(agent, number);
      // With none left the session is over, and its rows stay as they were.
      else if (observing.length > 0) this.#forgetAgent(agent, number);
    }
  }

  /** Takes rates when a second has passed since they were last taken; true when it did. */
  measure(now: number): boolean {
    const elapsed = this.#measuredAt === null ? 0 : now - this.#measuredAt;
    if (this.#measuredAt !== null && elapsed < RATE_INTERVAL_MILLISECONDS) return false;
    this.#measuredAt = now;
    this.#activeFlows = this.#rows.measure(elapsed / 1000);
    this.#revision++;
    return true;
  }

  /** The slot of the row that a flow is in, by its agent's number in the store. */
  slotOf(agent: number, flow: number): number | undefined {
    const slot = this.#flows.slotOf(agent, flow);
    return slot === undefined ? undefined : this.#rowOf(slot);
  }

  /**
   * The name under which a flow goes on: its own, or that of the row that has it now because it was absorbed by another
   * flow or seen by another agent as well. Null when it is no longer held.
   */
  heirOf({ agent, flow }: FlowReference): FlowReference | null {
    const slot = this.#flows.heirSlot(agent, flow);
    if (slot === undefined) return null;
    const { records } = this.#rows;
    const row = this.#rowOf(slot);
    return { agent: records.uint32(row, FLOW.agent), flow: records.uint32(row, FLOW.id) };
  }

  /** Whether a flow of a row was seen at a point that the test holds of; the record may be of an earlier time. */
  wasSeen(records: FlowRecords, slot: number, test: (point: AgentPoint) => boolean): boolean {
    const row = this.slotOf(records.uint32(slot, FLOW.agent), records.uint32(slot, FLOW.id));
    if (row === undefined) return false;
    const flows = this.#crossNode?.flowsOf(row) ?? [row];
    return flows.some((flow) => this.#wasSeen(flow, test));
  }

  /** The record of a flow's row and its sightings with their names; null when it is no longer held. */
  detail(agent: number, flow: number): FlowDetail | null {
    const row = this.slotOf(agent, flow);
    if (row === undefined) return null;
    const record = this.#rows.get(row).buffer;
    const slots = this.#crossNode?.flowsOf(row) ?? [row];
    return {
      record,
      sightings: slots.flatMap((slot) => this.#sightingRows(slot)),
      tunnels: this.#tunnelRows(slots),
      nat: this.#translations(slots),
      drops: slots.flatMap((slot) => this.#dropsOf(slot, row)),
      unobserved: this.#unobserved(new FlowRecords(record)),
    };
  }

  /** Calls back with each sighting at an interface, and the row that its flow is in. */
  forEachSightingAt(at: InterfacePlace, visit: (row: number, seen: SeenTuple) => void): void {
    forEachSightingAt(this.#flows, at, (slot, seen) => visit(this.#rowOf(slot), seen));
  }

  /** What was seen there of flows that are no longer kept. */
  departedAt(at: InterfacePlace): readonly SeenTraffic[] {
    return this.#departed.at(at);
  }

  /** Texts of the ids in records. */
  get recordNames(): RecordNames {
    const { addresses } = this.#flows.names;
    return {
      address: (id) => addresses.textOf(id),
      endpoint: (id) => this.endpoints.endpoint(id)?.address ?? '?',
    };
  }

  /** The rows as they are; take it again after every change. */
  picture(now: number): FlowPicture {
    return this.#rows.picture(now, this.#droppedEnded);
  }

  /** The rows as they are now, for good. */
  frozenPicture(now: number): FlowPicture {
    return this.#rows.frozenPicture(now, this.#droppedEnded);
  }

  get #rows(): FlowTable {
    return (this.#crossNode ?? this.#flows).table;
  }

  #rowOf(slot: number): number {
    return this.#crossNode?.rowOf(slot) ?? slot;
  }

  #agentOf(update: FlowUpdate): number {
    const known = this.#agents.get(update.agent);
    if (known !== undefined && !update.reset) return known;
    if (known !== undefined) this.#flows.endAgent(known);
    const agent = this.#agentsEver++;
    this.#agents.set(update.agent, agent);
    this.#flows.addAgent(agent, update.agent);
    this.#takeClock(update.agent, agent);
    return agent;
  }

  #forgetAgent(agent: number, number: number): void {
    this.#agents.delete(agent);
    this.#flows.endAgent(number);
    this.#crossNode?.settle();
    this.#revision++;
  }

  #joinNodes(): void {
    if (this.#crossNode !== null) return;
    this.#crossNode = new CrossNodeRows(this.#flows);
    this.#flows.follower = this.#crossNode;
  }

  #takeClock(agent: number, number: number): void {
    const clock = this.#observing.find((one) => one.agent === agent)?.clock ?? null;
    if (clock === null || !this.#flows.setClock(number, clock)) return;
    this.#crossNode?.regroupAll();
    this.#crossNode?.settle();
    this.#revision++;
  }

  #dropOldestEnded(): void {
    const rows = this.#crossNode ?? this.#flows;
    for (const row of rows.ended) {
      if (rows.ended.size <= this.#limits.ended) break;
      for (const slot of this.#crossNode?.flowsOf(row) ?? [row]) this.#departed.take(slot);
      rows.remove(row);
      this.#droppedEnded++;
    }
    this.#crossNode?.settle();
  }

  #wasSeen(slot: number, test: (point: AgentPoint) => boolean): boolean {
    const { names, sightings, table } = this.#flows;
    const agent = table.records.uint32(slot, FLOW.agent);
    return sightings.some(slot, (id) => {
      const point = names.point(agent, id);
      return point !== undefined && test(point);
    });
  }

  #sightingRows(slot: number): SightingRow[] {
    const { names, sightings, clocks, table } = this.#flows;
    const agent = table.records.uint32(slot, FLOW.agent);
    return names.sightingRows(agent, sightings.get(slot), clocks.of(agent).offset);
  }

  /** An agent that took the other end for the client told the directions the other way round. */
  #dropsOf(slot: number, row: number): readonly Drop[] {
    const drops = this.#flows.drops.get(slot);
    const [own, shown] = [this.#flows.table.records, this.#rows.records];
    const isSame = (field: number, other: number): boolean =>
      own.uint16(slot, field) === shown.uint16(row, other);
    const isRight = isSame(FLOW.clientPort, FLOW.clientPort) || isSame(FLOW.serverPort, FLOW.serverPort);
    const isTurned = isSame(FLOW.clientPort, FLOW.serverPort) || isSame(FLOW.serverPort, FLOW.clientPort);
    if (isRight || !isTurned) return drops;
    return drops.map((drop) => ({ ...drop, direction: drop.direction === 'sent' ? 'received' : 'sent' }));
  }

  /** In an order that does not depend on who told first. */
  #translations(slots: readonly number[]): NodeTranslation[] {
    const { records } = this.#flows.table;
    const told = slots.flatMap((slot) => {
      const node = this.#flows.names.nodeOf(records.uint32(slot, FLOW.agent));
      const by = translatorIn(this.endpoints.endpoint(records.uint32(slot, FLOW.server)));
      return translationsOf(records, slot, this.recordNames).map((translation): [string, NodeTranslation] => [
        Object.values(translation).join(' '),
        { ...translation, node, by: translation.kind === 'dnat' ? by : null },
      ]);
    });
    return [...new Map(told)].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, nat]) => nat);
  }

  /** A tunnel between two nodes is seen at both. */
  #tunnelRows(slots: readonly number[]): TunnelRow[] {
    const { records } = this.#flows.table;
    const rows = new Map<string, TunnelRow>();
    for (const slot of slots) {
      const agent = records.uint32(slot, FLOW.agent);
      for (const { direction, field } of TUNNEL_FIELDS) {
        const tunnel = this.#flows.names.tunnel(agent, records.uint32(slot, field));
        if (tunnel === undefined) continue;
        const row = tunnelRow(direction, tunnel, this.heirOf({ agent, flow: tunnel.flow }));
        const { flow, ...words } = row;
        const key = JSON.stringify(words);
        if (flow !== null || !rows.has(key)) rows.set(key, row);
      }
    }
    return [...rows.values()];
  }

  #unobserved(record: FlowRecords): string[] {
    const observed = new Set(this.#observing.map(({ node }) => node));
    if (observed.has(null)) return [];
    const nodes = [FLOW.client, FLOW.server].map(
      (field) => this.endpoints.endpoint(record.uint32(0, field))?.node ?? null,
    );
    return [...new Set(nodes.filter((node) => node !== null))].filter((node) => !observed.has(node));
  }
}
