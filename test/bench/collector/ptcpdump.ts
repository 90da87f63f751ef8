/** ptcpdump as test/bench/peers.md builds it, writing what it captures to nowhere. */
import type { Lab } from '../../lab/lab.ts';
import { AttachedProcess } from './attachedProcess.ts';
import type { Contender, Counted } from './contender.ts';
import { nodeInterfaces } from './nodeInterfaces.ts';

export async function startPtcpdump(lab: Lab, binary: string): Promise<Contender> {
  const interfaces = nodeInterfaces(lab).flatMap((name) => ['-i', name]);
  const process_ = new AttachedProcess(lab, lab.plan.node.netns, [
    ...['env', 'LAB_NO_KPROBES=1', binary, ...interfaces],
    ...['--snapshot-length', '96', '-w', '/dev/null'],
  ]);
  const finish = async (): Promise<Counted> => {
    await process_.end('SIGINT');
    return readSummary(process_.lastMessages());
  };
  const kill = (): Promise<void> => process_.end('SIGKILL');
  return { programs: await process_.attached(lab), pid: process_.pid, settle: 2, finish, kill };
}

/** It says what it wrote and what it lost as tcpdump does. */
function readSummary(messages: string): Counted {
  const captured = /(\d+) packets? captured/.exec(messages)?.[1];
  const dropped = /(\d+) packets? dropped by kernel/.exec(messages)?.[1];
  if (captured === undefined || dropped === undefined) throw new Error(`no summary in: ${messages}`);
  return { packets: Number(captured), at: 'each hook', lost: Number(dropped) };
}
