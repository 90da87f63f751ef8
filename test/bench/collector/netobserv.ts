/** NetObserv's agent as test/bench/peers.md builds it, with a receiver of its flows on the node's loopback. */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { delay } from '../../lab/commands.ts';
import type { Lab } from '../../lab/lab.ts';
import { AttachedProcess } from './attachedProcess.ts';
import type { Contender, Counted } from './contender.ts';
import { nodeInterfaces } from './nodeInterfaces.ts';

const RECEIVER = fileURLToPath(new URL('../programs/flowReceiver.ts', import.meta.url));
const PORT = 9999;
/** Seconds after which it reads its map. */
const FLUSH = 5;

export async function startNetobserv(lab: Lab, binary: string): Promise<Contender> {
  const receiver = await startReceiver(lab);
  const settings = {
    EXPORT: 'grpc',
    TARGET_HOST: '127.0.0.1',
    TARGET_PORT: String(PORT),
    INTERFACES: nodeInterfaces(lab).join(','),
    TC_ATTACH_MODE: 'tcx',
    // As many as the other maps have: its default of 5,000 loses most of the new flows.
    CACHE_MAX_FLOWS: '262144',
    CACHE_ACTIVE_TIMEOUT: `${FLUSH}s`,
  };
  const environment = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  // It attaches in every namespace that it finds under /run/netns, and takes its path for kernels that refuse fentry.
  const hide = 'mount -t tmpfs tmpfs /run/netns && exec setarch "$(uname -m)" --uname-2.6 "$@"';
  const agent = new AttachedProcess(lab, lab.plan.node.netns, [
    ...['unshare', '--mount', '--propagation', 'private', 'env', ...environment],
    ...['sh', '-c', hide, 'sh', binary],
  ]);
  const kill = async (): Promise<void> => {
    await agent.end('SIGKILL');
    receiver.end();
  };
  const finish = async (): Promise<Counted> => {
    // What is still in its map goes out with the next reading.
    await delay((FLUSH + 1) * 1000);
    const { packets } = await receiver.totals();
    return { packets, at: 'once', lost: null };
  };
  return { programs: await agent.attached(lab), pid: agent.pid, settle: FLUSH + 1.5, finish, kill };
}

interface Receiver {
  totals(): Promise<{ packets: number }>;
  end(): void;
}

async function startReceiver(lab: Lab): Promise<Receiver> {
  const child = lab.spawn(lab.nodePlace, process.execPath, [RECEIVER, String(PORT)]);
  if (!child.stdout) throw new Error('the receiver has no output');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const next = await lines.next();
    if (next.done) throw new Error('the receiver of flows ended; its message is above');
    return next.value;
  };
  await nextLine();
  return {
    totals: async () => {
      child.stdin?.write('totals\n');
      return JSON.parse(await nextLine()) as { packets: number };
    },
    end: () => child.stdin?.end(),
  };
}
