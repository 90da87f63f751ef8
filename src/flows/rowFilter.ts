import { FLOW, PROTOCOLS, VERDICTS } from '../model/flowRecord.ts';
import type { FlowRecords } from '../model/flowRecords.ts';
import type { FlowFilter } from '../model/panelMessages.ts';
import { fieldMatcher, flowQuery, pointMatcher } from '../model/flowQuery.ts';
import type { QueryTerm } from '../model/flowQuery.ts';
import type { EndpointTable } from './endpointTable.ts';
import type { FlowPicture } from './flowPicture.ts';
import { SLOT } from './flowPicture.ts';
import type { FlowStore } from './flowStore.ts';
import type { AgentPoint } from './flowUpdate.ts';

const ENDPOINT_FIELDS = [FLOW.client, FLOW.server, FLOW.service] as const;
const PORT_FIELDS = [FLOW.serverPort, FLOW.clientPort] as const;
/** What NAT changed; without an address the port is none. */
const TRANSLATED_ENDS = [
  { address: FLOW.askedAddress, port: FLOW.askedPort },
  { address: FLOW.translatedAddress, port: FLOW.translatedPort },
] as const;

/** Says of each slot whether its flow passes a filter. What a word matches is worked out once an endpoint. */
export class RowFilter {
  readonly #filter: FlowFilter;
  readonly #store: FlowStore;
  readonly #words: readonly WordMatcher[];
  readonly #places: readonly PlaceMatcher[];
  readonly #verdict: number | null;

  constructor(filter: FlowFilter, store: FlowStore) {
    this.#filter = filter;
    this.#store = store;
    const { terms } = flowQuery(filter.text);
    this.#words = terms.flatMap(({ kind, text }) => (kind === 'word' ? [new WordMatcher(text)] : []));
    this.#places = terms.flatMap((term) => (term.kind === 'word' ? [] : [new PlaceMatcher(term)]));
    this.#verdict = filter.verdict === null ? null : VERDICTS.indexOf(filter.verdict);
  }

  /** Prepares for a picture; call before `passes` whenever endpoints may have been named. */
  update(): void {
    for (const word of this.#words) word.update(this.#store.endpoints);
  }

  passes({ records, states }: FlowPicture, slot: number): boolean {
    const state = states[slot] ?? SLOT.free;
    if (state === SLOT.free || (state === SLOT.ended && !this.#filter.ended)) return false;
    if (this.#verdict !== null && records.uint8(slot, FLOW.verdict) !== this.#verdict) return false;
    if (!this.#words.every((word) => word.found(records, slot))) return false;
    return this.#places.every((place) => this.#store.wasSeen(records, slot, (point) => place.takes(point)));
  }
}

/** Where a flow must have been seen. Worked out once a point: one that is told anew is another object. */
class PlaceMatcher {
  readonly #test: (point: AgentPoint) => boolean;
  readonly #known = new WeakMap<AgentPoint, boolean>();

  constructor({ kind, text }: QueryTerm) {
    if (kind === 'point') {
      const matches = pointMatcher(text);
      this.#test = ({ point }) => matches(point);
    } else {
      const matches = fieldMatcher(text);
      // An interface of one node among several.
      this.#test = ({ node, interface: name }) => matches(name) || matches(`${node}/${name}`);
    }
  }

  takes(point: AgentPoint): boolean {
    const known = this.#known.get(point);
    if (known !== undefined) return known;
    const taken = this.#test(point);
    this.#known.set(point, taken);
    return taken;
  }
}

class WordMatcher {
  readonly #word: string;
  readonly #port: number | null;
  readonly #protocols: readonly boolean[];
  readonly #verdicts: readonly boolean[];
  #matches = new Uint8Array(0);
  #revisions = new Uint32Array(0);

  constructor(word: string) {
    this.#word = word;
    const port = /^:?(\d{1,5})$/.exec(word)?.[1];
    this.#port = port === undefined ? null : Number(port);
    this.#protocols = PROTOCOLS.map((protocol) => protocol.includes(word));
    this.#verdicts = VERDICTS.map((verdict) => verdict.includes(word));
  }

  update(endpoints: EndpointTable): void {
    if (this.#matches.length < endpoints.size) this.#grow(endpoints.size * 2);
    for (let id = 1; id < endpoints.size; id++) {
      const revision = endpoints.revision(id);
      if (this.#revisions[id] === revision) continue;
      this.#revisions[id] = revision;
      this.#matches[id] = endpoints.searchText(id).includes(this.#word) ? 1 : 0;
    }
  }

  found(records: FlowRecords, slot: number): boolean {
    for (const field of ENDPOINT_FIELDS) if (this.#matches[records.uint32(slot, field)] === 1) return true;
    if (this.#protocols[records.uint8(slot, FLOW.protocol)] === true) return true;
    if (this.#verdicts[records.uint8(slot, FLOW.verdict)] === true) return true;
    if (this.#port === null) return false;
    for (const field of PORT_FIELDS) if (records.uint16(slot, field) === this.#port) return true;
    for (const { address, port } of TRANSLATED_ENDS) {
      if (records.uint32(slot, address) !== 0 && records.uint16(slot, port) === this.#port) return true;
    }
    return false;
  }

  #grow(length: number): void {
    const matches = new Uint8Array(length);
    matches.set(this.#matches);
    this.#matches = matches;
    const revisions = new Uint32Array(length);
    revisions.set(this.#revisions);
    this.#revisions = revisions;
  }
}
