/** The collector under its agent as it ships. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Flow } from '../../../src/model/flow.ts';
import type { Ledger } from '../../../src/model/ledger.ts';
import type { Lab } from '../../lab/lab.ts';
import { SHIPPED_COMMAND } from '../../lab/observe.ts';
import { AttachedProcess } from './attachedProcess.ts';
import type { Contender, Counted } from './contender.ts';

export async function startCollector(lab: Lab): Promise<Contender> {
  const watch = ['observe', '--netns', lab.plan.node.netns, '--inventory', lab.inventory];
  const print = ['--output', 'jsonl', '--final', '--ledger'];
  const agent = new AttachedProcess(lab, '/proc/self/ns/net', [
    process.execPath,
    ...SHIPPED_COMMAND,
    ...watch,
    ...print,
  ]);
  const finish = async (): Promise<Counted> => {
    await agent.end('SIGINT');
    return readOutput(agent.output, lab.plan.outside.addresses.ipv4);
  };
  const kill = (): Promise<void> => agent.end('SIGKILL');
  return { programs: await agent.attached(lab), pid: agent.pid, settle: 2, finish, kill };
}

/** Packets of the flows with this address, and what the ledger calls lost. */
async function readOutput(file: string, address: string): Promise<Counted> {
  let packets = 0;
  let ledger: Ledger | undefined;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const parsed = JSON.parse(line) as Flow | { ledger: Ledger };
    if ('ledger' in parsed) ({ ledger } = parsed);
    else if (parsed.client.address === address || parsed.server.address === address) {
      packets += parsed.sent.packets + parsed.received.packets;
    }
  }
  if (!ledger) throw new Error('the output does not end with the ledger');
  return { packets, at: 'once', lost: ledger.mapFull + ledger.folded };
}
