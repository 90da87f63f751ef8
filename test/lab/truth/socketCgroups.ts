/** Cgroups of sockets, as `ss --cgroup` has them. */
import { runIn } from '../commands.ts';
import type { Lab } from '../lab.ts';

/** Of the node's sockets on a port: of those that listen, or that are connected. */
export function cgroupsBySs(lab: Lab, protocol: 'tcp' | 'udp', port: number, connected: boolean): string[] {
  const option = protocol === 'tcp' ? '-t' : '-u';
  const lines = runIn(lab.plan.node.netns, 'ss', [
    '-H',
    '-n',
    option,
    '-a',
    '--cgroup',
    'sport',
    '=',
    `:${port}`,
  ])
    .trim()
    .split('\n');
  return lines
    .filter((line) => line.startsWith('ESTAB') === connected && line !== '')
    .flatMap((line) => /cgroup:(\S+)/.exec(line)?.[1] ?? []);
}

/** Of the node's end of a connection. */
export function acceptingCgroup(lab: Lab, port: number, clientPort: number): string {
  const filter = ['sport', '=', `:${port}`, 'and', 'dport', '=', `:${clientPort}`];
  const line = runIn(lab.plan.node.netns, 'ss', ['-H', '-n', '-t', '--cgroup', ...filter]).trim();
  const cgroup = /cgroup:(\S+)/.exec(line)?.[1];
  if (cgroup === undefined) throw new Error(`ss shows no connection from port ${clientPort}: ${line}`);
  return cgroup;
}
