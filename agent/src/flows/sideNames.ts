import type { Endpoint } from '../../../src/model/endpoint.ts';
import { dnsClients } from '../identity/dnsClients.ts';
import type { DnsNames } from '../identity/dnsNames.ts';
import { namedByDns } from '../identity/namedByDns.ts';
import type { FlowTable } from './flowTable.ts';

const NO_NAMES: readonly string[] = [];

/** One side of a flow that is being named. */
export interface UnnamedSide {
  readonly endpoint: Endpoint;
  /** The other side, which may have asked for this one by name. */
  readonly peer: Endpoint;
  /** Inode of the namespace where the flow was seen. */
  readonly netns: number;
  /** Start of the flow, milliseconds since the epoch; null where it began before anybody looked: it may have had any name. */
  readonly when: number | null;
  /** Names from DNS that it had before: they stay for as long as the flow lasts. */
  readonly before: readonly string[];
}

/** Puts names from DNS answers on the sides of rows. */
export class SideNames {
  readonly #table: FlowTable;
  readonly #dns: DnsNames;
  /** Endpoints with names, by those without: the same objects each time, whose keys are known. */
  readonly #named = new WeakMap<Endpoint, Endpoint>();
  /** The names that an endpoint has from DNS. */
  readonly #names = new WeakMap<Endpoint, readonly string[]>();

  constructor(table: FlowTable, dns: DnsNames) {
    this.#table = table;
    this.#dns = dns;
  }

  /** Id of the side's endpoint with its names, used once more. */
  use({ endpoint, peer, netns, when, before }: UnnamedSide): number {
    const { names } = this.#table;
    const held =
      when === null ? NO_NAMES : this.#dns.of(endpoint.address, () => dnsClients(peer, netns), when);
    if (held.length === 0 && before.length === 0) return names.useEndpoint(endpoint);
    const found = before.length === 0 ? held : [...new Set([...held, ...before])];
    const id = names.useEndpoint(this.#with(endpoint, found));
    // The table may have an equal one of before.
    const used = names.endpoints.get(id);
    if (used !== undefined) this.#names.set(used, found);
    return id;
  }

  /** Names from DNS of an endpoint that is in use. */
  of(id: number): readonly string[] {
    const endpoint = this.#table.names.endpoints.get(id);
    return endpoint === undefined ? NO_NAMES : (this.#names.get(endpoint) ?? NO_NAMES);
  }

  #with(endpoint: Endpoint, found: readonly string[]): Endpoint {
    const known = this.#named.get(endpoint);
    const names = known === undefined ? NO_NAMES : (this.#names.get(known) ?? NO_NAMES);
    const isSame = names.length === found.length && names.every((name, index) => name === found[index]);
    if (known !== undefined && isSame) return known;
    const named = namedByDns(endpoint, found);
    this.#named.set(endpoint, named);
    this.#names.set(named, found);
    return named;
  }
}
