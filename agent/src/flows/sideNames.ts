import type { Endpoint, Evidence } from '../../../src/model/endpoint.ts';
import { dnsClients } from '../identity/dnsClients.ts';
import type { DnsNames } from '../identity/dnsNames.ts';
import { KnownEndpoint } from '../identity/identity.ts';
import { namedByDns } from '../identity/namedByDns.ts';
import type { FlowTable } from './flowTable.ts';

const NO_NAMES: readonly string[] = [];

/** What only the end's own node knows of it, whatever name it goes by. */
const OWN_EVIDENCE: ReadonlySet<Evidence> = new Set(['veth', 'cgroup', 'socket', 'listener', 'process']);

/** One side of a flow that is being named. */
export interface UnnamedSide {
  readonly known: KnownEndpoint;
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

  constructor(table: FlowTable, dns: DnsNames) {
    this.#table = table;
    this.#dns = dns;
  }

  /** Id of the side's endpoint with its names, used once more. */
  use({ known, peer, netns, when, before }: UnnamedSide): number {
    const { names, dnsNames } = this.#table;
    const held = when === null ? NO_NAMES : this.#held(known.endpoint.address, peer, netns, when);
    if (held.length === 0 && before.length === 0) return names.useEndpoint(known);
    const found = before.length === 0 ? held : [...new Set([...held, ...before])];
    const id = names.useEndpoint(withNames(known, found));
    dnsNames.set(id, found);
    return id;
  }

  /** Names from DNS of an endpoint that is in use. */
  of(id: number): readonly string[] {
    return this.#table.dnsNames.get(id) ?? NO_NAMES;
  }

  #held(address: string, peer: Endpoint, netns: number, when: number): readonly string[] {
    const held = this.#dns.of(address, () => dnsClients(peer, netns), when);
    return held.length > 0 && this.#isElsewhere(peer) ? NO_NAMES : held;
  }

  /**
   * Whether an end is on another node. What comes from there may have been translated there: its destination need not be
   * the address that it was told by name.
   */
  #isElsewhere({ node, evidence }: Endpoint): boolean {
    if (evidence.some((one) => OWN_EVIDENCE.has(one))) return false;
    const [point] = this.#table.points.all;
    return node !== null && point !== undefined && point.facts.node !== node;
  }
}

function withNames(known: KnownEndpoint, found: readonly string[]): KnownEndpoint {
  const names = known.named?.names ?? NO_NAMES;
  const isSame = names.length === found.length && names.every((name, index) => name === found[index]);
  if (known.named !== null && isSame) return known.named.known;
  const named = new KnownEndpoint(namedByDns(known.endpoint, found));
  known.named = { names: found, known: named };
  return named;
}
