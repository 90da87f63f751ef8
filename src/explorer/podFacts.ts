import type { NamespaceTopology, Neighbour, Route, SocketEntry } from '../model/topology.ts';
import { naturalOrder } from './naturalOrder.ts';

/** A row that tells one fact of a namespace. */
export interface Fact {
  /** The same for the same thing, different for others in its list. */
  readonly key: string;
  readonly kind: 'route' | 'neighbour' | 'socket';
  readonly label: string;
  readonly description: string;
  /** As name and value. */
  readonly facts: readonly (readonly [string, string])[];
  readonly copies: { readonly text: string; readonly mac?: string; readonly address?: string };
  /** Words that flows of it have, for the filter of the flow table; empty where it has none of its own. */
  readonly words: string;
}

const MAIN_TABLE = 254;
const LOCAL_TABLE = 255;
const TABLE_WORDS: Readonly<Record<number, string>> = { 253: 'default', 254: 'main', 255: 'local' };

/** Routes, those of the main table first and of the local one last, each table as the kernel has it. */
export function routeFacts({ routes, interfaces }: NamespaceTopology): readonly Fact[] {
  const names = new Map(interfaces.map(({ ifindex, name }) => [ifindex, name]));
  const rows = routes.map((route) =>
    routeFact(route, route.ifindex === null ? null : (names.get(route.ifindex) ?? null)),
  );
  const order = ({ table }: Route): number =>
    table === MAIN_TABLE ? -1 : table === LOCAL_TABLE ? Infinity : table;
  const places = routes
    .map((_, index) => index)
    .sort((a, b) => {
      const [left, right] = [routes[a], routes[b]];
      if (left === undefined || right === undefined || left.table === right.table) return a - b;
      return order(left) < order(right) ? -1 : 1;
    });
  return withOwnKeys(places.flatMap((place) => rows[place] ?? []));
}

function routeFact(route: Route, device: string | null): Fact {
  const { destination, gateway, table, protocol, source, metric, type, ifindex } = route;
  const target = isDefault(destination) ? 'default' : destination;
  const words = [
    type ?? '',
    gateway === null ? '' : `via ${gateway}`,
    device === null ? '' : `dev ${device}`,
    table === MAIN_TABLE ? '' : `table ${TABLE_WORDS[table] ?? table}`,
  ].filter(Boolean);
  const text = [
    type === undefined ? target : `${type} ${target}`,
    ...words.slice(type === undefined ? 0 : 1),
    source === null ? '' : `src ${source}`,
    metric === undefined ? '' : `metric ${metric}`,
  ];
  return {
    key: JSON.stringify([destination, table, gateway, ifindex, metric, type]),
    kind: 'route',
    label: target,
    description: words.join(' '),
    facts: present([
      ['Destination', destination],
      ['Type', type ?? 'unicast'],
      ['Gateway', gateway],
      ['Interface', device],
      ['Table', TABLE_WORDS[table] ?? String(table)],
      ['Protocol', protocol],
      ['Preferred source', source],
      ['Metric', metric === undefined ? null : String(metric)],
    ]),
    copies: { text: text.filter(Boolean).join(' ') },
    words: '',
  };
}

const isDefault = (destination: string): boolean => destination === '0.0.0.0/0' || destination === '::/0';

/** Neighbours by address. */
export function neighbourFacts({ neighbours, interfaces }: NamespaceTopology): readonly Fact[] {
  const names = new Map(interfaces.map(({ ifindex, name }) => [ifindex, name]));
  return withOwnKeys(
    neighbours.map((neighbour) => neighbourFact(neighbour, names.get(neighbour.ifindex) ?? null)),
  );
}

function neighbourFact({ address, mac, ifindex, state }: Neighbour, device: string | null): Fact {
  return {
    key: JSON.stringify([address, ifindex]),
    kind: 'neighbour',
    label: address,
    description: [mac ?? 'no MAC', device === null ? '' : `dev ${device}`, state].filter(Boolean).join(' '),
    facts: present([
      ['Address', address],
      ['MAC', mac],
      ['Interface', device],
      ['State', state],
    ]),
    copies: {
      text: [address, device === null ? '' : `dev ${device}`, mac === null ? '' : `lladdr ${mac}`, state]
        .filter(Boolean)
        .join(' '),
      address,
      ...(mac === null ? {} : { mac }),
    },
    words: address,
  };
}

/** An address without its brackets. */
const bare = (address: string): string => address.replaceAll(/[[\]]/g, '');

const SOCKET_ORDER = ['listen', 'unconnected', 'established'];

/** Sockets: first what waits for others, then what is connected, then what ends. */
export function socketFacts(sockets: readonly SocketEntry[]): readonly Fact[] {
  const order = ({ state }: SocketEntry): number => {
    const place = SOCKET_ORDER.indexOf(state);
    return place < 0 ? SOCKET_ORDER.length : place;
  };
  const sorted = [...sockets].sort(
    (a, b) =>
      order(a) - order(b) ||
      naturalOrder(a.protocol, b.protocol) ||
      naturalOrder(a.local, b.local) ||
      naturalOrder(a.remote, b.remote),
  );
  return withOwnKeys(sorted.map(socketFact));
}

function socketFact(socket: SocketEntry): Fact {
  const { protocol, local, remote, state, cgroup, pod, container } = socket;
  const connected = !remote.endsWith(':0');
  const colon = local.lastIndexOf(':');
  const owner = container ?? '';
  return {
    key: JSON.stringify([protocol, local, remote]),
    kind: 'socket',
    // Whose end it is needs no address: what matters is the port, and the other end.
    label: connected ? `${protocol} ${local.slice(colon)} → ${remote}` : `${protocol} ${local}`,
    description: [state, owner].filter(Boolean).join(' · '),
    facts: present([
      ['Protocol', protocol],
      ['Local', local],
      ['Remote', connected ? remote : null],
      ['State', state],
      ['Pod', pod === null ? null : `${pod.namespace}/${pod.name}`],
      ['Container', container],
      ['cgroup', cgroup],
    ]),
    copies: { text: `${protocol} ${state} ${local} ${remote}`, address: bare(local.slice(0, colon)) },
    words: [local.slice(colon), connected ? bare(remote.slice(0, remote.lastIndexOf(':'))) : '']
      .filter(Boolean)
      .join(' '),
  };
}

function present(
  facts: readonly (readonly [string, string | null])[],
): readonly (readonly [string, string])[] {
  return facts.flatMap(([name, value]) => (value === null || value === '' ? [] : [[name, value] as const]));
}

/** Sockets may share all that tells them apart (SO_REUSEPORT): the second of them is a row of its own. */
function withOwnKeys(facts: readonly Fact[]): readonly Fact[] {
  const seen = new Map<string, number>();
  return facts.map((fact) => {
    const before = seen.get(fact.key) ?? 0;
    seen.set(fact.key, before + 1);
    return before === 0 ? fact : { ...fact, key: `${fact.key} ${before}` };
  });
}
