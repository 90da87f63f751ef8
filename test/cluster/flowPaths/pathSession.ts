/** A session that observes both nodes as the extension does, asked for the paths of its flows. */
import { pathPicture } from '../../../src/flows/pathPicture.ts';
import { SessionFlows } from '../../../src/flows/sessionFlows.ts';
import { silentLog } from '../../../src/kube/log.ts';
import type { Tuple } from '../../../src/model/flow.ts';
import { FLOW } from '../../../src/model/flowRecord.ts';
import { tupleText } from '../../../src/model/path/pathText.ts';
import type { FlowPathPicture } from '../../../src/model/pointsMessages.ts';
import type { Topology } from '../../../src/model/topology.ts';
import { createSessions } from '../../../src/session/sessions.ts';
import type { Session } from '../../../src/session/types.ts';
import type { Cluster, NodeName } from '../cluster.ts';
import { agentSettings, connect, kubeconfigAs, PAYLOADS } from '../kube/support.ts';
import { poll } from '../poll.ts';

const LONG = { timeout: 90_000 };

export class PathSession {
  readonly #session: Session;
  readonly #flows: SessionFlows;
  readonly #end: () => Promise<void>;

  private constructor(session: Session, end: () => Promise<void>) {
    this.#session = session;
    this.#flows = new SessionFlows(session);
    this.#end = end;
  }

  /** Returns when both agents run and have told of their nodes' wiring. @param namespace where the agents' pods go */
  static async start(cluster: Cluster, namespace: string): Promise<PathSession> {
    const connected = await connect(await kubeconfigAs(cluster));
    const options = { payloadFolder: PAYLOADS, agentProgram: '', version: '0.1.0', owner: 'paths' };
    const sessions = createSessions(options, silentLog);
    const session = sessions.start({
      source: { kind: 'cluster', cluster: connected },
      target: { kind: 'node', node: 'node-a' },
      settings: agentSettings(namespace),
      confirmDeploy: () => Promise.resolve(true),
    });
    const started = new PathSession(session, async () => {
      await sessions.dispose();
      connected.dispose();
    });
    try {
      session.alsoObserve('node-b');
      await poll('two agents that know their nodes’ wiring', () => started.#isReady(), LONG);
      return started;
    } catch (error) {
      await started.stop();
      throw error;
    }
  }

  #isReady(): boolean {
    const { agents } = this.#session;
    const failed = agents.find(({ phase }) => phase === 'failed');
    if (failed !== undefined) throw new Error(`${failed.node}: ${failed.status}`);
    return (
      agents.length === 2 && agents.every(({ phase, topology }) => phase === 'running' && topology !== null)
    );
  }

  topology(node: NodeName): Topology {
    const found = this.#session.agents.find((agent) => agent.node === node)?.topology;
    if (found === undefined || found === null) throw new Error(`the wiring of ${node} is not known`);
    return found;
  }

  /** Rows that any of the tuples was seen in. */
  rowsOf(tuples: readonly Tuple[]): readonly FlowPathPicture[] {
    const { store } = this.#flows;
    const topologies = [this.topology('node-a'), this.topology('node-b')];
    const ports = new Set(tuples.flatMap(({ sourcePort, destinationPort }) => [sourcePort, destinationPort]));
    const asked = new Set(tuples.map(tupleText));
    const { records, slots, states } = store.picture(Date.now());
    const rows: FlowPathPicture[] = [];
    for (let slot = 0; slot < slots; slot += 1) {
      const isMeant =
        ports.has(records.uint16(slot, FLOW.clientPort)) && ports.has(records.uint16(slot, FLOW.serverPort));
      if (states[slot] === 0 || !isMeant) continue;
      const flow = { agent: records.uint32(slot, FLOW.agent), flow: records.uint32(slot, FLOW.id) };
      const picture = pathPicture(store, flow, topologies);
      if (picture?.protocol === 'tcp' && tuplesOf(picture).some((text) => asked.has(text))) {
        rows.push(picture);
      }
    }
    return rows;
  }

  async stop(): Promise<void> {
    this.#flows.dispose();
    await this.#end();
  }
}

function tuplesOf({ path }: FlowPathPicture): string[] {
  const seen = [...path.request.points, ...path.reply.points].flatMap((point) => point.seen ?? []);
  return [...seen, ...path.unexpected].map(({ tuple }) => tupleText(tuple));
}
