import type { Endpoint } from '../model/endpoint.ts';
import { endpointLabel, labelText } from '../model/endpoint.ts';
import type { FlowGrouping, GroupName } from '../model/panelMessages.ts';
import type { EndpointTable } from './endpointTable.ts';
import { TextRanks } from './textRanks.ts';

/** The group of endpoints that are none, as where no Service was asked for. */
export const NO_GROUP = 0;

interface Group {
  readonly key: string;
  readonly name: GroupName | null;
}

/** Which group each endpoint is of. Groups are numbered as they come; what an endpoint's is, is worked out once a name. */
export class GroupNames {
  readonly #by: FlowGrouping;
  readonly #groups: Group[] = [{ key: '', name: null }];
  readonly #numbers = new Map<string, number>();
  readonly #ranks = new TextRanks();
  #ofEndpoint = new Uint32Array(0);
  #revisions = new Uint32Array(0);

  constructor(by: FlowGrouping) {
    this.#by = by;
  }

  /** Numbers are below this. */
  get count(): number {
    return this.#groups.length;
  }

  /** Takes names of endpoints that came or changed. */
  update(endpoints: EndpointTable): void {
    if (this.#ofEndpoint.length < endpoints.size) this.#grow(endpoints.size * 2);
    for (let id = 1; id < endpoints.size; id++) {
      const revision = endpoints.revision(id);
      const endpoint = endpoints.endpoint(id);
      if (this.#revisions[id] === revision || endpoint === null) continue;
      this.#revisions[id] = revision;
      this.#ofEndpoint[id] = this.#numberOf(groupNameOf(endpoint, this.#by), endpoint);
    }
  }

  ofEndpoint(id: number): number {
    return this.#ofEndpoint[id] ?? NO_GROUP;
  }

  group(number: number): Group | undefined {
    return this.#groups[number];
  }

  /** Position of each group's name among all names. */
  ranks(): Float64Array {
    return this.#ranks.all();
  }

  #numberOf(name: GroupName, endpoint: Endpoint): number {
    const key = groupKey(name, endpoint);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#groups.length;
    this.#groups.push({ key, name });
    this.#numbers.set(key, number);
    this.#ranks.set(number, labelText(name).toLowerCase());
    return number;
  }

  #grow(length: number): void {
    const numbers = new Uint32Array(length);
    numbers.set(this.#ofEndpoint);
    this.#ofEndpoint = numbers;
    const revisions = new Uint32Array(length);
    revisions.set(this.#revisions);
    this.#revisions = revisions;
  }
}

const TYPES: Readonly<Record<Endpoint['kind'], string>> = {
  pod: 'Pod',
  service: 'Service',
  node: 'Node',
  process: 'Host process',
  external: 'External',
  unknown: '',
};

/** The workload of an endpoint; where it has none, or where it is not decided whose it is, the endpoint itself. */
export function groupNameOf(endpoint: Endpoint, by: FlowGrouping): GroupName {
  const { kind, namespace, name, workload, node } = endpoint;
  if (by !== 'service' && workload !== null) {
    return { kind, type: workload.kind, namespace, text: workload.name, named: true, open: null };
  }
  const type = TYPES[kind];
  if (name === null) return { kind, type, ...endpointLabel(endpoint) };
  // Whose the packets of a node are may be open; that they are of the node is not.
  const place = kind === 'process' && node !== null ? ` on ${node}` : '';
  return { kind, type, namespace, text: `${name}${place}`, named: true, open: null };
}

/** Two endpoints are of one group where nothing told them apart, and candidates do. */
function groupKey({ kind, type, namespace, text, open }: GroupName, { candidates }: Endpoint): string {
  return JSON.stringify([kind, type, namespace, text, open, ...(open === null ? [] : candidates)]);
}
