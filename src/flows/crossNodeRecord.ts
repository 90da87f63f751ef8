import { FLOW, FLOW_BITS, INITIATOR_SHIFT, NOT_KNOWN, VERDICTS } from '../model/flowRecord.ts';
import type { FlowRecords } from '../model/flowRecords.ts';
import type { AgentFlows } from './agentFlows.ts';
import { CrossNodeEnds } from './crossNodeEnds.ts';
import { CrossNodeFlow, sideField } from './crossNodeFlow.ts';
import type { CrossNodeGroups } from './crossNodeGroups.ts';
import type { FlowTable } from './flowTable.ts';
import { Nearness } from './nearness.ts';

/** An agent that saw less of a conversation than another by this, milliseconds, came late or went early. */
const MUCH_TIME = 2000;
const SIDES = ['client', 'server'] as const;
/** Results of which one agent's word is enough. */
const DECIDED = ['refused', 'reset'].map((verdict) => (VERDICTS as readonly string[]).indexOf(verdict));
const DROPPED = VERDICTS.indexOf('dropped');

/** Writes a row of what several agents saw of one conversation. */
export class CrossNodeRecord {
  readonly #flows: AgentFlows;
  readonly #nearness: Nearness;

  constructor(flows: AgentFlows) {
    this.#flows = flows;
    this.#nearness = new Nearness(flows);
  }

  /** A flow leaves its slot. */
  forget(slot: number): void {
    this.#nearness.forget(slot);
  }

  /** @param members at least one; the row goes under the name of the first */
  write(table: FlowTable, row: number, members: readonly number[], groups: CrossNodeGroups): void {
    const [leader = 0] = members;
    table.put(row, this.#flows.table.view(leader));
    if (members.length === 1) return;
    const flows = this.#turnedRight(members, groups);
    const ends = new CrossNodeEnds(this.#flows.endpoints, flows);
    const ordered = this.#byNearness(flows, ends);
    const counting = countingFlow(ordered);
    // What only the nearest can tell comes from the one that counts, or else from the next.
    const order = [counting, ...ordered.filter((flow) => flow !== counting)];
    const { records } = table;
    writeEnds(records, row, ends, order);
    writeCounts(records, row, counting, flows);
    // Ids of the agent whose name the row has: what others call tunnels is in the row's details.
    const named = flows.find(({ slot }) => slot === leader) ?? counting;
    for (const side of SIDES) {
      records.setUint32(row, sideField(side, 'tunnel'), named.uint32(named.at(side, 'tunnel')));
    }
    writeFacts(records, row, order);
    records.setUint8(row, FLOW.verdict, verdictOf(order));
  }

  /** Sides as the best agent has them: who translates knows who asked, and who saw the opening. */
  #turnedRight(members: readonly number[], groups: CrossNodeGroups): CrossNodeFlow[] {
    const flowsOf = (turn: boolean): CrossNodeFlow[] =>
      members
        .map((slot) => new CrossNodeFlow(this.#flows, slot, groups.isTurned(slot) !== turn))
        .sort(bySize);
    const asFirst = flowsOf(false);
    const best = asFirst.reduce((one, other) => (knowsSidesBetter(other, one) ? other : one));
    return best.isTurned ? flowsOf(true) : asFirst;
  }

  #byNearness(flows: readonly CrossNodeFlow[], ends: CrossNodeEnds): CrossNodeFlow[] {
    const { endpoints } = this.#flows;
    const nodes = {
      client: endpoints.endpoint(ends.endpoint('client'))?.node ?? null,
      server: endpoints.endpoint(ends.endpoint('server'))?.node ?? null,
    };
    const ranked = flows.map((flow) => {
      const isOwn = { client: ends.isOwn(flow, 'client'), server: ends.isOwn(flow, 'server') };
      return { flow, rank: this.#nearness.rank(flow, nodes, isOwn) };
    });
    return ranked
      .sort((one, other) => one.rank - other.rank || bySize(one.flow, other.flow))
      .map(({ flow }) => flow);
  }
}

function knowsSidesBetter(flow: CrossNodeFlow, other: CrossNodeFlow): boolean {
  const rank = ({ isJoined, isCertain }: CrossNodeFlow): number => (isJoined ? 2 : 0) + (isCertain ? 1 : 0);
  if (rank(flow) !== rank(other)) return rank(flow) > rank(other);
  const port = (one: CrossNodeFlow): number => one.uint16(FLOW.serverPort);
  return port(flow) !== port(other) ? port(flow) < port(other) : bySize(flow, other) < 0;
}

/** The fuller one first; whoever came first, the order is the same. */
function bySize(one: CrossNodeFlow, other: CrossNodeFlow): number {
  for (const field of [FLOW.sentPackets, FLOW.receivedPackets, FLOW.sentBytes, FLOW.receivedBytes]) {
    const difference = other.float64(field) - one.float64(field);
    if (difference !== 0) return difference;
  }
  const earlier = one.float64(FLOW.start) - other.float64(FLOW.start);
  if (earlier !== 0) return earlier;
  return one.node === other.node
    ? one.uint32(FLOW.id) - other.uint32(FLOW.id)
    : one.node < other.node
      ? -1
      : 1;
}

/**
 * The nearest one, unless another was there seconds earlier or longer and counted more: then the nearest saw a part.
 * @param ordered the nearest first
 */
function countingFlow(ordered: readonly CrossNodeFlow[]): CrossNodeFlow {
  const [nearest] = ordered;
  if (nearest === undefined) throw new RangeError('a row without flows');
  let counting = nearest;
  for (const flow of ordered) {
    const earlier = nearest.float64(FLOW.start) - flow.float64(FLOW.start);
    const longer = flow.float64(FLOW.end) - nearest.float64(FLOW.end);
    const sawMore = earlier > MUCH_TIME || longer > MUCH_TIME;
    if (sawMore && flow.allPackets > counting.allPackets) counting = flow;
  }
  return counting;
}

function writeEnds(
  records: FlowRecords,
  row: number,
  ends: CrossNodeEnds,
  order: readonly CrossNodeFlow[],
): void {
  for (const side of SIDES) {
    const named = ends.flowOf(side);
    records.setUint32(row, sideField(side, 'endpoint'), ends.endpoint(side));
    records.setUint16(row, sideField(side, 'port'), named.uint16(named.at(side, 'port')));
    const owned = [named, ...order].find((flow) => flow.float64(flow.at(side, 'cgroup')) !== 0);
    records.setFloat64(
      row,
      sideField(side, 'cgroup'),
      owned === undefined ? 0 : owned.float64(owned.at(side, 'cgroup')),
    );
  }
  records.setUint32(row, FLOW.service, ends.service);
  // What the client itself asked for, and what the server itself saw it come from.
  const asked = ends.askedBy;
  records.setUint32(row, FLOW.askedAddress, asked?.uint32(FLOW.askedAddress) ?? 0);
  records.setUint16(row, FLOW.askedPort, asked?.uint16(FLOW.askedPort) ?? 0);
  const translated = ends.translatedBy;
  records.setUint32(row, FLOW.translatedAddress, translated?.uint32(FLOW.translatedAddress) ?? 0);
  records.setUint16(row, FLOW.translatedPort, translated?.uint16(FLOW.translatedPort) ?? 0);
  const bit = (flow: CrossNodeFlow | null, which: number): number => (flow?.uint8(FLOW.bits) ?? 0) & which;
  const any = order.reduce((bits, flow) => bits | flow.uint8(FLOW.bits), 0);
  const all = order.reduce((bits, flow) => bits & flow.uint8(FLOW.bits), 0xff);
  // The best comes first in INITIATOR_EVIDENCE.
  const why = Math.min(...order.map((flow) => flow.uint8(FLOW.bits) >> INITIATOR_SHIFT));
  records.setUint8(
    row,
    FLOW.bits,
    (any & (FLOW_BITS.initiatorCertain | FLOW_BITS.joined)) |
      (all & FLOW_BITS.final) |
      bit(translated, FLOW_BITS.masqueraded) |
      (why << INITIATOR_SHIFT),
  );
}

/** Never added up: every agent counted the same packets. Drops are each node's own. */
function writeCounts(
  records: FlowRecords,
  row: number,
  counting: CrossNodeFlow,
  flows: readonly CrossNodeFlow[],
): void {
  for (const side of SIDES) {
    for (const field of ['packets', 'bytes'] as const) {
      records.setFloat64(row, sideField(side, field), counting.float64(counting.at(side, field)));
    }
    const flags = flows.reduce((seen, flow) => seen | flow.uint16(flow.at(side, 'tcpFlags')), 0);
    records.setUint16(row, sideField(side, 'tcpFlags'), flags);
  }
  const all = (read: (flow: CrossNodeFlow) => number): number[] => flows.map(read);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  records.setFloat64(row, FLOW.droppedPackets, sum(all((flow) => flow.float64(FLOW.droppedPackets))));
  records.setUint32(row, FLOW.sightings, sum(all((flow) => flow.uint32(FLOW.sightings))));
  records.setFloat64(row, FLOW.start, Math.min(...all((flow) => flow.float64(FLOW.start))));
  records.setFloat64(row, FLOW.end, Math.max(...all((flow) => flow.float64(FLOW.end))));
}

/** @param order the one that counts first, then the nearest to the client */
function writeFacts(records: FlowRecords, row: number, order: readonly CrossNodeFlow[]): void {
  const known = (field: number): number =>
    order.map((flow) => flow.uint32(field)).find((value) => value !== NOT_KNOWN) ?? NOT_KNOWN;
  records.setUint32(row, FLOW.handshakeUs, known(FLOW.handshakeUs));
  records.setUint32(row, FLOW.rttUs, known(FLOW.rttUs));
  const retransmits = order
    .map((flow) => flow.uint32(FLOW.retransmits))
    .filter((value) => value !== NOT_KNOWN);
  // A sender's own node knows all that it sent again, another only what came by there.
  records.setUint32(row, FLOW.retransmits, retransmits.length === 0 ? NOT_KNOWN : Math.max(...retransmits));
  const right = order.filter((flow) => !flow.isTurned);
  records.setUint8(
    row,
    FLOW.dscp,
    right.map((flow) => flow.uint8(FLOW.dscp)).find((dscp) => dscp !== 0) ?? 0,
  );
}

/** That of the one that counts, but for what one agent's word is enough for. */
function verdictOf(order: readonly CrossNodeFlow[]): number {
  const verdicts = order.map((flow) => flow.uint8(FLOW.verdict));
  const decided = DECIDED.find((verdict) => verdicts.includes(verdict));
  if (decided !== undefined) return decided;
  const answered = order.some((flow) => flow.float64(flow.at('server', 'packets')) > 0);
  if (verdicts.includes(DROPPED) && !answered) return DROPPED;
  return verdicts.find((verdict) => verdict !== 0 && (verdict !== DROPPED || !answered)) ?? 0;
}
