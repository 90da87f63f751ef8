import type { Endpoint } from '../../../src/model/endpoint.ts';
import { KEY } from '../collector/flowLayout.ts';
import { NONE, ROW } from '../flows/flowRow.ts';
import type { FlowTable } from '../flows/flowTable.ts';
import { dnsClients } from '../identity/dnsClients.ts';
import type { DnsNames, KeptNaming } from '../identity/dnsNames.ts';
import type { AnsweredAddress } from './answeredAddresses.ts';
import { askedName } from './askedName.ts';

/** How long it may take until a flow's ends are known: sockets, inventory and NAT are looked at meanwhile. Milliseconds. */
const SETTLING = 5000;

/** An answer that came to its client. */
export interface ReceivedAnswer {
  /** The key of the flow (bpf/flow.h `struct flow_key`) that brought it. */
  readonly key: DataView;
  readonly clientIsHigh: boolean;
  /** The client as it was known when it asked. */
  readonly client: Endpoint;
  readonly name: string;
  readonly addresses: readonly AnsweredAddress[];
  /** Milliseconds since the epoch. */
  readonly time: number;
}

interface Settling {
  readonly answer: ReceivedAnswer;
  readonly namings: readonly KeptNaming[];
}

/** Files what clients are told by name servers, under the client as far as it is known, and again when it is known better. */
export class AnsweredNames {
  readonly #table: FlowTable;
  readonly #names: DnsNames;
  readonly #renamed: (addresses: ReadonlySet<string>, now: number) => void;
  /** Oldest first. */
  #settling: Settling[] = [];
  readonly #addresses = new Set<string>();

  /** @param renamed is told of addresses that have other names now, so that flows of this time are named again */
  constructor(
    table: FlowTable,
    names: DnsNames,
    renamed: (addresses: ReadonlySet<string>, now: number) => void,
  ) {
    this.#table = table;
    this.#names = names;
    this.#renamed = renamed;
  }

  get evicted(): number {
    return this.#names.evicted;
  }

  add(answer: ReceivedAnswer): void {
    if (answer.addresses.length === 0) return;
    const client = this.#client(answer) ?? this.#clientOf(answer.client, answer.key);
    const name = askedName(answer.name);
    const namings = answer.addresses.map(({ address, ttl }) =>
      this.#names.add(client, { address, name, from: answer.time, until: answer.time + ttl * 1000 }),
    );
    for (const { address } of namings) this.#addresses.add(address);
    this.#settling.push({ answer, namings });
  }

  /** An interval is over. @param now milliseconds since the epoch */
  settle(now: number): void {
    for (const { answer, namings } of this.#settling) {
      const client = this.#client(answer);
      for (const naming of namings) {
        if (client === null || naming.client === client) continue;
        this.#names.move(naming, client);
        this.#addresses.add(naming.address);
      }
      if (answer.time <= now - SETTLING) namings.forEach((naming) => this.#names.settle(naming));
    }
    this.#settling = this.#settling.filter(({ answer }) => answer.time > now - SETTLING);
    if (this.#addresses.size > 0) this.#renamed(this.#addresses, now);
    this.#addresses.clear();
  }

  /** As the flow that brought the answer has it now; null where that is over. */
  #client({ key, clientIsHigh }: ReceivedAnswer): string | null {
    const table = this.#table;
    const row = table.findKey(key, 0);
    if (row === NONE) return null;
    const high = clientIsHigh !== table.isTurned(row);
    const id = table.uint32(table.flowOf(row), high ? ROW.highEndpoint : ROW.lowEndpoint);
    const client = table.names.endpoints.get(id);
    return client === undefined ? null : this.#clientOf(client, key);
  }

  #clientOf(client: Endpoint, key: DataView): string {
    const netns = this.#table.points.inodeOf(key.getUint32(KEY.netns, true));
    return dnsClients(client, netns)[0];
  }
}
