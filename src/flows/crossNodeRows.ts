import type { AgentFlows, FlowFollower } from './agentFlows.ts';
import { CrossNodeGroups } from './crossNodeGroups.ts';
import { CrossNodeRecord } from './crossNodeRecord.ts';
import { SLOT } from './flowPicture.ts';
import type { FlowTable } from './flowTable.ts';
import { SameConversation, slotOf } from './sameConversation.ts';
import { TupleIndex, TUPLES_OF_FLOW } from './tupleIndex.ts';

/** What is to be done about a flow: its row is to be written, or its place to be found anew. */
const TASK = { update: 1, regroup: 2 } as const;

/**
 * The rows of a session with several agents: one a conversation, whoever of them saw it. A row goes under the name of
 * the flow in it that was there first. What changed is worked through by `settle`: a flow's place is found by the
 * tuples it was seen as, and looked at again only when another flow of such a tuple is about.
 */
export class CrossNodeRows implements FlowFollower {
  readonly table: FlowTable;
  /** Slots of ended rows, oldest first. */
  readonly ended = new Set<number>();
  readonly #flows: AgentFlows;
  readonly #index = new TupleIndex();
  readonly #groups = new CrossNodeGroups();
  readonly #same: SameConversation;
  readonly #record: CrossNodeRecord;
  readonly #tasks = new Map<number, number>();
  /** When each flow came, as a count of flows. */
  #arrivals = new Float64Array(1024);
  #arrivalsEver = 0;
  #arrivalsSettled = 0;
  /** Kept for one look at a tuple's flows after the other. */
  readonly #observers = new Set<number>();
  #size = 0;

  /** Goes on with the rows that the flows of a single agent were. */
  constructor(flows: AgentFlows) {
    this.#flows = flows;
    this.table = flows.table.clone();
    this.#same = new SameConversation(flows, this.#index);
    this.#record = new CrossNodeRecord(flows);
    for (const slot of flows.ended) this.ended.add(slot);
    for (let slot = 0; slot < flows.table.slots; slot++) {
      if (flows.table.state(slot) === SLOT.free) continue;
      this.#arrive(slot);
      this.#groups.join(slot, slot, false);
      this.#size++;
      this.#index.put(slot, flows.table.records, flows.endpoints);
    }
  }

  get size(): number {
    return this.#size;
  }

  rowOf(slot: number): number {
    return this.#groups.rowOf(slot);
  }

  /** The flows in a row, in a steady order. */
  flowsOf(row: number): number[] {
    return this.#groups.members(row).sort((one, other) => this.#arrival(one) - this.#arrival(other));
  }

  changed(slot: number): void {
    if (this.#groups.rowOf(slot) < 0 && !this.#tasks.has(slot)) this.#arrive(slot);
    if (!this.#tasks.has(slot)) this.#tasks.set(slot, TASK.update);
  }

  /** Whatever the flow was nearest to may find another one now. */
  removing(slot: number): void {
    for (const other of this.#around(slot)) if (other !== slot) this.#tasks.set(other, TASK.regroup);
    this.#tasks.delete(slot);
    const row = this.#groups.rowOf(slot);
    this.#index.remove(slot);
    this.#record.forget(slot);
    this.#groups.leave(slot);
    if (row >= 0 && this.#groups.first(row) < 0) this.#removeRow(row);
  }

  /** Times of many flows changed: each one's place is to be found anew. */
  regroupAll(): void {
    const { table } = this.#flows;
    for (let slot = 0; slot < table.slots; slot++) {
      if (table.state(slot) !== SLOT.free) this.#tasks.set(slot, TASK.regroup);
    }
  }

  /** Brings the rows up to date with the flows. */
  settle(): void {
    const rows = new Set<number>();
    // Every flow is found by its present tuples before any is put in its place.
    for (const [slot, task] of this.#tasks) {
      const moved = this.#enter(slot);
      if (moved || (task === TASK.update && this.#isUnsettled(slot))) this.#tasks.set(slot, TASK.regroup);
    }
    for (const [slot, task] of this.#tasks) {
      if (task === TASK.regroup) this.#regroup(slot, rows);
      else rows.add(this.#groups.rowOf(slot));
    }
    this.#tasks.clear();
    for (const row of rows) if (this.#groups.first(row) >= 0) this.#write(row);
    this.#arrivalsSettled = this.#arrivalsEver;
  }

  /** Removes a row with all its flows. */
  remove(row: number): void {
    for (const slot of this.#groups.members(row)) this.#flows.remove(slot);
  }

  #arrive(slot: number): void {
    if (slot >= this.#arrivals.length) {
      const larger = new Float64Array(Math.max(slot + 1, this.#arrivals.length * 2));
      larger.set(this.#arrivals);
      this.#arrivals = larger;
    }
    this.#arrivals[slot] = this.#arrivalsEver++;
  }

  #arrival(slot: number): number {
    return this.#arrivals[slot] ?? Infinity;
  }

  /** @returns whether it has other tuples now; what was around it by the old ones is to be looked at again */
  #enter(slot: number): boolean {
    const { table, endpoints } = this.#flows;
    if (this.#index.isSameAs(slot, table.records, endpoints)) return false;
    for (const other of this.#around(slot)) if (other !== slot) this.#tasks.set(other, TASK.regroup);
    this.#index.put(slot, table.records, endpoints);
    return true;
  }

  /**
   * Whether a flow with one of its tuples is about that is not in its row, or several of one agent are, for it or for
   * those about it: any of them may fit better now.
   */
  #isUnsettled(slot: number): boolean {
    const row = this.#groups.rowOf(slot);
    if (row < 0) return true;
    const index = this.#index;
    const observers = this.#observers;
    for (let entry = slot * TUPLES_OF_FLOW; entry < (slot + 1) * TUPLES_OF_FLOW; entry++) {
      if (!index.isPresent(entry)) continue;
      observers.clear();
      observers.add(this.#flows.observerOf(slot));
      for (let other = index.first(entry); other >= 0; other = index.following(other, entry)) {
        const otherSlot = slotOf(other);
        if (otherSlot === slot || !this.#same.isNear(slot, otherSlot)) continue;
        const observer = this.#flows.observerOf(otherSlot);
        if (observers.has(observer) || this.#groups.rowOf(otherSlot) !== row) return true;
        if (this.#hasRival(entry, otherSlot)) return true;
        observers.add(observer);
      }
    }
    return false;
  }

  /** Whether another flow of the same agent and tuple is about at the time of the other one. */
  #hasRival(entry: number, other: number): boolean {
    const slot = slotOf(entry);
    const observer = this.#flows.observerOf(slot);
    for (let rival = this.#index.first(entry); rival >= 0; rival = this.#index.following(rival, entry)) {
      const rivalSlot = slotOf(rival);
      if (rivalSlot === slot || this.#flows.observerOf(rivalSlot) !== observer) continue;
      if (this.#same.isNear(other, rivalSlot)) return true;
    }
    return false;
  }

  #forEachOfTuples(slot: number, visit: (other: number, entry: number, otherEntry: number) => void): void {
    const index = this.#index;
    for (let role = 0; role < TUPLES_OF_FLOW; role++) {
      const entry = slot * TUPLES_OF_FLOW + role;
      if (!index.isPresent(entry)) continue;
      for (let other = index.first(entry); other >= 0; other = index.following(other, entry)) {
        visit(slotOf(other), entry, other);
      }
    }
  }

  /** All flows whose place may depend on this one's: those of its row, of its tuples at its time, and their like. */
  #around(slot: number): Set<number> {
    const found = new Set<number>();
    const add = (one: number): void => {
      const row = this.#groups.rowOf(one);
      if (row < 0) found.add(one);
      else for (const member of this.#groups.members(row)) found.add(member);
    };
    add(slot);
    const near = new Set<number>();
    this.#forEachOfTuples(slot, (other) => {
      if (this.#same.isNear(slot, other) || found.has(other)) near.add(other);
    });
    for (const one of near) {
      add(one);
      this.#forEachOfTuples(one, (other) => {
        if (this.#same.isNear(one, other)) add(other);
      });
    }
    return found;
  }

  /** Finds anew which of the flows around one belong together. @param rows takes those to be written */
  #regroup(slot: number, rows: Set<number>): void {
    const open = this.#around(slot);
    const conversations: Conversation[] = [];
    const placed = new Set<number>();
    // Grows on the way by the rows of flows that are found.
    for (const one of open) if (!placed.has(one)) conversations.push(this.#conversationOf(one, placed, open));
    conversations.sort((one, other) => this.#arrivalOf(one) - this.#arrivalOf(other));
    const taken = new Set<number>();
    const claims = conversations.map((conversation) => this.#claim(conversation, taken));
    const left = new Set<number>();
    for (const one of open) {
      const row = this.#groups.rowOf(one);
      if (row >= 0) left.add(row);
      this.#groups.leave(one);
    }
    conversations.forEach((conversation, index) => {
      const row = claims[index] ?? this.#addRow();
      for (const [member, turned] of conversation) this.#groups.join(member, row, turned);
      rows.add(row);
    });
    for (const row of left) if (this.#groups.first(row) < 0) this.#removeRow(row);
  }

  /** When the first of its flows came. */
  #arrivalOf(conversation: Conversation): number {
    let first = Infinity;
    for (const member of conversation.keys()) first = Math.min(first, this.#arrival(member));
    return first;
  }

  /** The row that a conversation goes on with: that of the flow that was there first; null for a new one. */
  #claim(conversation: Conversation, taken: Set<number>): number | null {
    const members = [...conversation.keys()].sort((one, other) => this.#arrival(one) - this.#arrival(other));
    for (const member of members) {
      const row = this.#groups.rowOf(member);
      if (row < 0 || taken.has(row)) continue;
      taken.add(row);
      return row;
    }
    return null;
  }

  /** All flows that are one with this one, directly or through others. */
  #conversationOf(slot: number, placed: Set<number>, open: Set<number>): Conversation {
    const members = new Map([[slot, false]]);
    placed.add(slot);
    for (const [member, turned] of members) {
      const observer = this.#flows.observerOf(member);
      this.#forEachOfTuples(member, (other, entry, otherEntry) => {
        if (placed.has(other) || this.#flows.observerOf(other) === observer) return;
        if (!this.#same.isSame(entry, otherEntry)) return;
        placed.add(other);
        members.set(
          other,
          turned !== (this.#index.clientIsLow(entry) !== this.#index.clientIsLow(otherEntry)),
        );
        open.add(other);
        const row = this.#groups.rowOf(other);
        if (row >= 0) for (const one of this.#groups.members(row)) open.add(one);
      });
    }
    return members;
  }

  #write(row: number): void {
    const members = this.flowsOf(row);
    const { table } = this.#flows;
    const isNew = this.table.state(row) === SLOT.free;
    this.#record.write(this.table, row, members, this.#groups);
    const ended = members.every((member) => table.state(member) === SLOT.ended);
    this.table.setState(row, ended ? SLOT.ended : SLOT.live);
    if (ended) this.ended.add(row);
    else this.ended.delete(row);
    // What came apart from another row was counted there before.
    const seenBefore = members.some((member) => this.#arrival(member) < this.#arrivalsSettled);
    if (isNew && seenBefore) this.table.settle(row);
  }

  #addRow(): number {
    this.#size++;
    return this.table.add();
  }

  #removeRow(row: number): void {
    this.ended.delete(row);
    this.table.remove(row);
    this.#size--;
  }
}

/** Its flows, each with whether its client is the server of the first. */
type Conversation = Map<number, boolean>;
