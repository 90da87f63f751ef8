/** What Cilium translates and tracks on a node, as its own command line tells it. */
import { execFileSync } from 'node:child_process';
import type { Connection, ConntrackEnds } from '../../lab/truth/connections.ts';
import { ciliumBinaries } from '../binaries/ciliumBinaries.ts';
import type { Cluster, NodeName } from '../cluster.ts';
import { initProcess } from '../node/start.ts';

/** Stands for a pod that reaches itself through a Service: Cilium's --service-loopback-ipv4-address. */
export const LOOPBACK = '169.254.42.1';

/** Those that it translates, then those that it does not. */
export function ciliumConnections(cluster: Cluster, node: NodeName): Connection[] {
  const bpf = (...what: string[]): string[] => {
    const enter = ['-t', `${initProcess(cluster, node)}`, '-n', '-m', '-p', '-C', '--'];
    const program = ciliumBinaries().commandLine;
    return execFileSync('nsenter', [...enter, program, 'bpf', ...what], { encoding: 'utf8' }).split('\n');
  };
  const sources =
    cluster.proxyMode === 'none' ? changedSources(bpf('nat', 'list')) : new Map<string, string>();
  const backends = backendsOf(bpf('lb', 'list'));
  const addresses = backendAddresses(bpf('lb', 'list', '--backends'));
  const entries = bpf('ct', 'list', 'global').flatMap((line) => entryOf(line) ?? []);
  const services = entries.flatMap((entry) => {
    if (entry.kind !== 'SVC') return [];
    const address = addresses.get(entry.backend) ?? '';
    const server = backends.get(entry.to)?.find((one) => one.startsWith(`${address}:`));
    if (server === undefined) return [];
    const isItself = entry.from.startsWith(`${address}:`);
    const source = isItself
      ? entry.from.replace(/^[^:]*/, LOOPBACK)
      : (sources.get(`${entry.from} ${server}`) ?? entry.from);
    return [connectionOf(entry, server, source)];
  });
  const others = entries.flatMap((entry) => {
    if (entry.kind === 'SVC') return [];
    return [connectionOf(entry, entry.to, sources.get(`${entry.from} ${entry.to}`) ?? entry.from)];
  });
  return [...services, ...others];
}

/** A line of `cilium-dbg bpf ct list global`, where the bytes of a Service's entry are its backend's id. */
interface Entry {
  readonly protocol: string;
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  readonly backend: string;
  readonly line: string;
}

function entryOf(line: string): Entry | null {
  const [, protocol, kind, from, to, backend] =
    /^(TCP|UDP) (SVC|OUT|IN) (\S+) -> (\S+) .*?RxBytes=(\d+)/.exec(line) ?? [];
  if (protocol === undefined || kind === undefined || from === undefined || to === undefined) return null;
  return { protocol: protocol.toLowerCase(), kind, from, to, backend: backend ?? '', line };
}

/** `FRONTEND (SLOT)   BACKEND (ID) (SLOT)`: backends by what is asked. */
function backendsOf(lines: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of lines) {
    const [, asked, backend] = /^(\S+:\d+) \(\d+\) +(\S+:\d+) /.exec(line) ?? [];
    if (asked !== undefined && backend !== undefined) {
      found.set(asked, [...(found.get(asked) ?? []), backend]);
    }
  }
  return found;
}

/** `ID   ANY://ADDRESS` */
function backendAddresses(lines: readonly string[]): Map<string, string> {
  const pairs = lines.flatMap((line) => {
    const [, id, address] = /^(\d+) +\w+:\/\/([\d.]+)/.exec(line) ?? [];
    return id === undefined || address === undefined ? [] : [[id, address] as const];
  });
  return new Map(pairs);
}

/** `TCP OUT CLIENT -> SERVER XLATE_SRC SOURCE`: sources by client and server. */
function changedSources(lines: readonly string[]): Map<string, string> {
  const pairs = lines.flatMap((line) => {
    const [, client, server, source] = /^\w+ OUT (\S+) -> (\S+) XLATE_SRC (\S+)/.exec(line) ?? [];
    return client === undefined || source === undefined
      ? []
      : [[`${client} ${server ?? ''}`, source] as const];
  });
  return new Map(pairs);
}

function connectionOf({ protocol, from, to, line }: Entry, server: string, source: string): Connection {
  return { protocol, original: ends(from, to), reply: ends(server, source), line };
}

function ends(from: string, to: string): ConntrackEnds {
  const [source = '', sourcePort] = from.split(':');
  const [destination = '', destinationPort] = to.split(':');
  return { source, sourcePort: Number(sourcePort), destination, destinationPort: Number(destinationPort) };
}
