/** The reference programs, each loaded by one small process that can tell what they counted. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { netnsPath } from '../../lab/commands.ts';
import type { Lab } from '../../lab/lab.ts';
import { interfaceStatistics } from '../../lab/truth/interfaceStatistics.ts';
import type { Contender, Counted } from './contender.ts';
import { programPath } from './programs.ts';

interface Totals {
  readonly records: number;
  readonly lost: number;
  readonly points: readonly { ifindex: number; egress: boolean; packets: number }[];
}

/** Attached to every interface of the lab's node when it returns. `growing`: its hash is not preallocated. */
export async function startReference(lab: Lab, object: string, growing: boolean): Promise<Contender> {
  const { netns } = lab.plan.node;
  const interfaces = interfaceStatistics(netns).map(({ ifindex }) => String(ifindex));
  const args = [object, growing ? 'growing' : 'preallocated', netnsPath(netns), ...interfaces];
  const child = spawn(programPath('attach'), args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const next = await lines.next();
    if (next.done) throw new Error(`${object} ended; the reason is above`);
    return next.value;
  };
  const ended = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  const programs = (await nextLine()).trim().split(' ').map(Number);
  const finish = async (): Promise<Counted> => {
    child.stdin.write('count\n');
    const totals = JSON.parse(await nextLine()) as Totals;
    await kill();
    return countedAt(lab, totals);
  };
  if (child.pid === undefined) throw new Error(`${object} has no process`);
  return { programs, pid: child.pid, settle: 1, finish, kill };
}

/** At the client's veth, where every packet of the workloads passes once. */
function countedAt(lab: Lab, { points, lost }: Totals): Counted {
  const name = lab.pod('client').hostInterface;
  const veth = interfaceStatistics(lab.plan.node.netns).find((link) => link.name === name);
  const here = points.filter(({ ifindex }) => ifindex === veth?.ifindex);
  const packets = here.reduce((sum, point) => sum + point.packets, 0);
  return { packets, at: points.length === 0 ? null : 'once', lost };
}
