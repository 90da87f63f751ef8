/** What reading the wiring of a full node costs the agent: all of it, and again after one event of the kernel. */
import { loadPayload } from '../../agent/src/collector/addon.ts';
import { TopologyReader } from '../../agent/src/topology/topologyReader.ts';
import { delay, run } from '../lab/commands.ts';
import { figure, median } from './figures.ts';
import type { Figure } from './figures.ts';
import { FullNode, INTERFACES, PODS } from './fullNode.ts';

const ROUNDS = 15;
const AIM = { dump: 150, refresh: 20 };

export async function measureTopology(): Promise<Figure[]> {
  const node = new FullNode();
  try {
    return await measure(node);
  } finally {
    node.remove();
  }
}

async function measure(node: FullNode): Promise<Figure[]> {
  const { addon } = loadPayload();
  const own = new addon.NetworkNamespace(node.path);
  const reader = new TopologyReader({
    addon,
    node: 'bench',
    watched: () => [own],
    pods: { podByUid: () => null, podByAddress: () => null },
    isAttached: () => true,
  });
  const dumps: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    dumps.push(
      milliseconds(() => {
        const topology = reader.read();
        const [first] = topology.namespaces;
        if (first?.interfaces.length !== INTERFACES || topology.namespaces.length <= PODS) {
          throw new Error(
            `${first?.interfaces.length} interfaces in ${topology.namespaces.length} namespaces`,
          );
        }
      }),
    );
  }
  const watch = own.watch((change) => reader.changed(own.inode, change));
  try {
    const refreshes = async (event: (round: number) => void): Promise<number> => {
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        event(round);
        // What is told of the event comes by the event loop.
        await delay(50);
        times.push(milliseconds(() => reader.readChanged()));
      }
      return median(times);
    };
    const rule = (round: number): string => (round % 2 === 0 ? 'add' : 'delete');
    const route = await refreshes((round) => {
      run('ip', ['-n', node.name, 'rule', rule(round), 'from', '10.9.0.0/16', 'table', '9']);
    });
    const pod = await refreshes((round) => {
      run('ip', ['-n', `${node.name}p7`, 'rule', rule(round), 'from', '10.9.0.0/16', 'table', '9']);
    });
    const made = await refreshes((round) => {
      if (round % 2 === 0) node.addPod();
      else node.removePod();
    });
    const what = `agent CPU, wiring of ${INTERFACES} interfaces and ${PODS} pods' namespaces`;
    const line = (of: string, value: number, aim: number): Figure =>
      figure(`${what}: ${of}`, `${value.toFixed(1)} ms`, `<= ${aim} ms`, value <= aim);
    return [
      line('all of it', median(dumps), AIM.dump),
      line('again after an event of the node', route, AIM.refresh),
      line('again after an event in a pod', pod, AIM.refresh),
      line('again after a pod came or went', made, AIM.refresh),
    ];
  } finally {
    watch.close();
    own.close();
  }
}

/** CPU time of this process. */
function milliseconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
