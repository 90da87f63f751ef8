/** Sessions of both nodes, each with an agent of its own, as the extension starts them. */
import { silentLog } from '../../../src/kube/log.ts';
import { createSessions } from '../../../src/session/sessions.ts';
import type { Agent, Session } from '../../../src/session/types.ts';
import type { Cluster, NodeName } from '../cluster.ts';
import { NODES } from '../cluster.ts';
import { agentSettings, connect, kubeconfigAs, PAYLOADS } from '../kube/support.ts';
import { poll } from '../poll.ts';
import { ObservedRows } from './observedRows.ts';

export interface Observers {
  of(node: NodeName): ObservedRows;
  /** What the agent found out about its node. */
  checks(node: NodeName): Agent['checks'];
  stop(): Promise<void>;
}

/** Returns when both run and have said what they see. @param namespace where the agents' pods go */
export async function observeNodes(cluster: Cluster, namespace: string): Promise<Observers> {
  const connected = await connect(await kubeconfigAs(cluster));
  const options = { payloadFolder: PAYLOADS, agentProgram: '', version: '0.1.0', owner: 'cases' };
  const sessions = createSessions(options, silentLog);
  const stop = async (): Promise<void> => {
    await sessions.dispose();
    connected.dispose();
  };
  const observed = new Map(NODES.map((node) => [node, new ObservedRows(node)]));
  const started = new Map<NodeName, Session>();
  const of = (node: NodeName): ObservedRows => {
    const { phase = 'stopped', status = 'not started' } = started.get(node)?.state ?? {};
    const rows = observed.get(node);
    const isOver = phase === 'failed' || phase === 'stopped';
    if (rows === undefined || isOver) throw new Error(`${node} is not observed: ${status}`);
    return rows;
  };
  try {
    await Promise.all(
      NODES.map(async (node) => {
        const session = sessions.start({
          source: { kind: 'cluster', cluster: connected },
          target: { kind: 'node', node },
          settings: agentSettings(namespace),
          confirmDeploy: () => Promise.resolve(true),
        });
        started.set(node, session);
        session.consumeFlows((batch) => observed.get(node)?.take(batch));
        await running(session);
        await poll(`rows of ${node}`, () => of(node).rows.length > 0, { timeout: 30_000 });
      }),
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { of, checks: (node) => started.get(node)?.agents[0]?.checks ?? [], stop };
}

async function running(session: Session): Promise<void> {
  const isRunning = (): boolean => {
    const { phase, status } = session.state;
    if (phase === 'failed') throw new Error(status);
    return phase === 'running';
  };
  await poll(`the agent of ${session.title}`, isRunning, { timeout: 90_000, interval: 50 });
}
