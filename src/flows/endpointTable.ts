import type { Endpoint } from '../model/endpoint.ts';
import { endpointLabel, labelText, unknownEndpoint } from '../model/endpoint.ts';
import { AddressNumbers } from './addressNumbers.ts';
import { endpointDoubt } from './endpointDoubt.ts';
import type { AgentEndpoint } from './flowUpdate.ts';
import { TextRanks } from './textRanks.ts';

interface Entry {
  readonly endpoint: Endpoint;
  readonly addressNumber: number;
  readonly doubt: number;
  /** Everything said of it; made when it is first asked for. */
  words: string | null;
  /** What the table shows, for sorting. */
  readonly text: string;
  /** Everything a filter may match, in lower case. */
  readonly searchText: string;
  /** Counts definitions of this id, so that readers know when to ask again. */
  readonly revision: number;
}

/**
 * The endpoints of one session. Each agent numbers its endpoints itself; here they get ids that are unique within
 * the session. Id 0 means "none".
 */
export class EndpointTable {
  readonly #entries: (Entry | null)[] = [null];
  readonly #idsByAgent = new Map<number, Map<number, number>>();
  readonly #ranks = new TextRanks();
  readonly #addresses: AddressNumbers;

  constructor(addresses = new AddressNumbers()) {
    this.#addresses = addresses;
  }

  /** Ids are below this. */
  get size(): number {
    return this.#entries.length;
  }

  define(agent: number, endpoints: readonly AgentEndpoint[]): void {
    const ids = this.#idsOf(agent);
    for (const { id: agentId, endpoint } of endpoints) {
      const known = ids.get(agentId);
      const id = known ?? this.#entries.length;
      const text = labelText(endpointLabel(endpoint)).toLowerCase();
      const previous = this.#entries[id];
      this.#entries[id] = {
        endpoint,
        addressNumber: this.#addresses.numberOf(endpoint.address),
        doubt: endpointDoubt(endpoint),
        words: null,
        text,
        searchText: searchText(endpoint),
        revision: (previous?.revision ?? 0) + 1,
      };
      ids.set(agentId, id);
      if (previous?.text !== text) this.#ranks.set(id, text);
    }
  }

  /** The session's id for an agent's id; an agent that uses an id before naming it gets a nameless endpoint. */
  idOf(agent: number, agentId: number): number {
    if (agentId === 0) return 0;
    const ids = this.#idsOf(agent);
    const id = ids.get(agentId);
    if (id !== undefined) return id;
    this.define(agent, [{ id: agentId, endpoint: NAMELESS }]);
    return this.idOf(agent, agentId);
  }

  endpoint(id: number): Endpoint | null {
    return this.#entries[id]?.endpoint ?? null;
  }

  /** The session's number of its address. */
  addressNumber(id: number): number {
    return this.#entries[id]?.addressNumber ?? 0;
  }

  /** How unsure it is who it is (`endpointDoubt`). */
  doubt(id: number): number {
    return this.#entries[id]?.doubt ?? Infinity;
  }

  /** Everything said of it, to tell it from another. */
  words(id: number): string {
    const entry = this.#entries[id];
    if (entry === undefined || entry === null) return '';
    entry.words ??= JSON.stringify(entry.endpoint);
    return entry.words;
  }

  revision(id: number): number {
    return this.#entries[id]?.revision ?? 0;
  }

  searchText(id: number): string {
    return this.#entries[id]?.searchText ?? '';
  }

  /** Position of each id's text among all texts, by code unit; equal texts have equal ranks. */
  ranks(): Float64Array {
    return this.#ranks.all();
  }

  #idsOf(agent: number): Map<number, number> {
    const known = this.#idsByAgent.get(agent);
    if (known !== undefined) return known;
    const ids = new Map<number, number>();
    this.#idsByAgent.set(agent, ids);
    return ids;
  }
}

const NAMELESS = unknownEndpoint('?');

function searchText(endpoint: Endpoint): string {
  const parts = [
    labelText(endpointLabel(endpoint)),
    endpoint.address,
    endpoint.container,
    endpoint.workload?.name,
    endpoint.node,
    ...endpoint.names,
    ...endpoint.candidates,
  ];
  // A separator no name contains, so that a term never matches across two parts.
  return parts
    .filter((part) => part !== null && part !== undefined)
    .join('\n')
    .toLowerCase();
}
