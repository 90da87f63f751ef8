/** What a namespace holds: as the agent tells it and as iproute2 does, in the same words. */
import type { NamespaceTopology } from '../../../src/model/topology.ts';
import { runIn } from '../../lab/commands.ts';

/** Sorted lines, by what they are of. */
export interface Contents {
  readonly interfaces: readonly string[];
  readonly routes: readonly string[];
  readonly neighbours: readonly string[];
  readonly sockets: readonly string[];
}
export const PARTS = ['interfaces', 'routes', 'neighbours', 'sockets'] as const;

export function contentsTold(namespace: NamespaceTopology): Contents {
  const nameOf = (index: number | null): string =>
    namespace.interfaces.find(({ ifindex }) => ifindex === index)?.name ?? '-';
  return {
    interfaces: sorted(
      namespace.interfaces.map(({ ifindex, name, mac, mtu, master, addresses }) =>
        [ifindex, name, mac, mtu, nameOf(master), ...[...addresses].sort()].join(' '),
      ),
    ),
    routes: sorted(
      namespace.routes.map(({ destination, gateway, ifindex, table, type }) =>
        [type ?? 'unicast', destination, gateway ?? '-', nameOf(ifindex), table].join(' '),
      ),
    ),
    neighbours: sorted(
      namespace.neighbours.map(({ address, mac, ifindex }) => `${address} ${mac ?? '-'} ${nameOf(ifindex)}`),
    ),
    sockets: sorted(
      namespace.sockets.map(({ protocol, state, local, remote }) =>
        [protocol, state, plain(local), plain(remote)].join(' '),
      ),
    ),
  };
}

interface IpLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly address?: string;
  readonly mtu: number;
  readonly master?: string;
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[];
}
interface IpRoute {
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly table?: string;
}
interface IpNeighbour {
  readonly dst: string;
  readonly lladdr?: string;
  readonly dev: string;
}

/** @param path of the namespace */
export function contentsByIp(path: string): Contents {
  const json = <T>(...args: readonly string[]): T[] => {
    const text = runIn(path, 'ip', ['-j', '-d', ...args]).trim();
    return (text === '' ? [] : JSON.parse(text)) as T[];
  };
  const routes = (family: '-4' | '-6'): string[] =>
    json<IpRoute>(family, 'route', 'show', 'table', 'all')
      // The addresses say the same.
      .filter(({ table }) => table !== 'local')
      .map(({ type, dst, gateway, dev, table }) =>
        [
          type ?? 'unicast',
          whole(dst, family),
          gateway ?? '-',
          dev ?? '-',
          TABLES[table ?? 'main'] ?? table,
        ].join(' '),
      );
  return {
    interfaces: sorted(
      json<IpLink>('addr').map(({ ifindex, ifname, address, mtu, master, addr_info }) =>
        [
          ifindex,
          ifname,
          address ?? '',
          mtu,
          master ?? '-',
          ...addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`).sort(),
        ].join(' '),
      ),
    ),
    routes: sorted([...routes('-4'), ...routes('-6')]),
    neighbours: sorted(
      json<IpNeighbour>('neigh').map(({ dst, lladdr, dev }) => `${dst} ${lladdr ?? '-'} ${dev}`),
    ),
    sockets: sorted(socketsBySs(path)),
  };
}

const TABLES: Readonly<Record<string, number>> = { default: 253, main: 254 };
const SS_STATES: Readonly<Record<string, string>> = {
  LISTEN: 'listen',
  UNCONN: 'unconnected',
  ESTAB: 'established',
  'TIME-WAIT': 'time-wait',
};

/** `default` and single addresses with their length. */
function whole(destination: string, family: '-4' | '-6'): string {
  if (destination === 'default') return family === '-4' ? '0.0.0.0/0' : '::/0';
  return destination.includes('/') ? destination : `${destination}/${family === '-4' ? 32 : 128}`;
}

function socketsBySs(path: string): string[] {
  return runIn(path, 'ss', ['-H', '-n', '-t', '-u', '-a'])
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [protocol, state = '', , , local = '', remote = ''] = line.split(/\s+/);
      // Of IPv4 in an IPv6 socket ss says so.
      const unmapped = (end: string): string => plain(end.replace(/^\[::ffff:([\d.]+)\]/, '$1'));
      return [protocol, SS_STATES[state] ?? state.toLowerCase(), unmapped(local), unmapped(remote)].join(' ');
    });
}

/** `*` is any address of either family, and no port. */
const plain = (text: string): string =>
  text
    .replace(/^(\*|0\.0\.0\.0|\[::\]):/, '*:')
    .replace(/:\*$/, ':0')
    .replace(/%[\w.]+/, '');

const sorted = (lines: readonly string[]): string[] => [...lines].sort();
