import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Cluster as ConnectedCluster } from '../../../src/kube/cluster.ts';
import type { Log } from '../../../src/kube/log.ts';
import { createSessions } from '../../../src/session/sessions.ts';
import type { FlowBatch, Session, Sessions, StartRequest, Target } from '../../../src/session/types.ts';
import { residue, runningAgents, type RunningAgent } from '../../e2e/agentsInCluster.ts';
import { kubeconfigOf } from '../cluster.ts';
import { kubectl } from '../kubectl.ts';
import { poll } from '../poll.ts';
import { useCluster } from '../sharedCluster.ts';
import {
  PAYLOADS,
  agentObjects,
  agentSettings,
  connect,
  kubeconfigAs,
  makeNamespace,
  runProgram,
  waitReady,
  type TestNamespace,
} from './support.ts';

const LONG = { timeout: 60_000 };
/** Asks the API server's Service again and again: traffic that leaves by its veth. */
const CLIENT = `
const http = require('node:http');
setInterval(() => http.get('http://10.96.0.1:443', (r) => r.resume()).on('error', () => {}), 100);
`;

describe('sessions on a cluster', function () {
  this.timeout(180_000);
  const cluster = useCluster();
  let connected: ConnectedCluster;
  let namespace: TestNamespace;
  let sessions: Sessions;
  let lines: string[];
  before(async () => {
    assert(
      existsSync(join(PAYLOADS, 'linux-x64', 'vethscope.node')),
      'the agent is not built: npm run build',
    );
    connected = await connect(await kubeconfigAs(cluster()));
    namespace = await makeNamespace(cluster());
    await runProgram(cluster(), namespace.name, 'client', CLIENT, { nodeName: 'node-a' });
    await waitReady(cluster(), namespace.name, 'client');
  });
  after(async () => {
    connected.dispose();
    await namespace.remove();
  });
  beforeEach(() => {
    lines = [];
    const note = (line: string): void => void lines.push(line);
    const log: Log = { debug: note, info: note, warn: note, error: note };
    sessions = createSessions(
      { payloadFolder: PAYLOADS, agentProgram: '', version: '0.1.0', owner: 'test@machine' },
      log,
    );
  });
  afterEach(async () => {
    await sessions.dispose();
    assert.deepEqual(await agentObjects(cluster(), namespace.name), []);
  });

  const start = (target: Target, changes: Partial<StartRequest> = {}): Session =>
    sessions.start({
      source: { kind: 'cluster', cluster: connected },
      target,
      settings: agentSettings(namespace.name),
      confirmDeploy: () => Promise.resolve(true),
      ...changes,
    });
  const reach = async (session: Session, phase: Session['state']['phase']): Promise<void> => {
    await poll(
      `phase ${phase}`,
      () => {
        const { state } = session;
        if (state.phase === 'failed' && phase !== 'failed') throw new Error(state.status);
        return state.phase === phase;
      },
      { ...LONG, interval: 20 },
    );
  };
  const POD = (): Target => ({ kind: 'pod', namespace: namespace.name, name: 'client' });
  const NODE: Target = { kind: 'node', node: 'node-a' };
  const onlyAgent = async (): Promise<RunningAgent> => {
    const agents = await runningAgents(cluster());
    const ours = agents.filter((agent) => agent.namespace === namespace.name);
    assert.equal(ours.length, 1);
    assert(ours[0] !== undefined);
    assert(ours[0].processes.length > 0);
    assert(ours[0].objects.programs.length > 0, 'no program of the agent');
    return ours[0];
  };
  /** No object in the cluster, no process and no kernel object of this agent. */
  const nothingLeft = async (agent: RunningAgent, seconds = 30): Promise<void> => {
    let left: readonly string[] = [];
    const gone = async (): Promise<boolean> => {
      // A process may end while its files are read: that is asked again, and shown when it stays so.
      left = await residue(cluster(), [agent]).catch((error: unknown) => [String(error)]);
      return left.length === 0;
    };
    await poll('the agent to be gone', gone, { timeout: seconds * 1000, interval: 250 }).catch(
      (error: unknown) => {
        throw new Error(`still there: ${left.join(', ')}`, { cause: error });
      },
    );
  };

  it('shows flows of a pod, and leaves nothing when it stops', async () => {
    const plans: unknown[] = [];
    const started = performance.now();
    const session = start(POD(), {
      confirmDeploy: (plan) => {
        plans.push(plan);
        return Promise.resolve(true);
      },
    });
    const batches: FlowBatch[] = [];
    session.consumeFlows((batch) => void batches.push(batch));
    await reach(session, 'running');
    const running = performance.now() - started;
    await poll('a flow', () => batches.some(({ message }) => message.flows.length > 0), LONG);
    console.log(
      `      running after ${running.toFixed(0)} ms, first row after ${(performance.now() - started).toFixed(0)} ms`,
    );
    assert.equal(batches[0]?.reset, true);
    assert(batches.slice(1).every(({ reset }) => !reset));
    const endpoints = batches.flatMap(({ message }) => message.endpoints);
    assert(endpoints.some(({ kind, name }) => kind === 'pod' && name === 'client'));
    const { maximumHours, privileges, node, clusterUid } = plans[0] as Record<string, unknown>;
    assert.deepEqual([plans.length, maximumHours, privileges, node], [1, 1, 'capabilities', 'node-a']);
    assert.equal(clusterUid, connected.uid);
    const [agent] = session.agents;
    await poll('the topology', () => session.agents[0]?.topology, LONG);
    assert.equal(agent?.node, 'node-a');
    const found = await sessions.findAgents(connected);
    assert.deepEqual(
      found.filter((each) => each.namespace === namespace.name).map(({ ours, owner }) => [ours, owner]),
      [[true, 'test@machine']],
    );
    const deployed = await onlyAgent();
    // The token is in no object and in no line of our log.
    const manifest = await kubectl(cluster(), ['-n', namespace.name, 'get', 'jobs,pods', '-o', 'yaml']);
    assert(!/token-file.*[A-Za-z0-9_-]{40}|bearer/i.test(manifest));
    const stopping = performance.now();
    await session.stop();
    console.log(`      gone ${(performance.now() - stopping).toFixed(0)} ms after Stop Session`);
    await nothingLeft(deployed);
    assert.equal(session.state.phase, 'stopped');
  });

  it('shares one agent between sessions of a node, and removes it with the last', async () => {
    const first = start(NODE);
    const second = start(POD());
    await Promise.all([reach(first, 'running'), reach(second, 'running')]);
    assert.equal(first.agents[0], second.agents[0]);
    const agent = await onlyAgent();
    await first.stop();
    assert.equal(second.state.phase, 'running');
    await onlyAgent();
    await second.stop();
    await nothingLeft(agent);
  });

  it('fails with the reason when the agent is killed, leaves nothing, and starts again', async () => {
    const session = start(NODE);
    await reach(session, 'running');
    const agent = await onlyAgent();
    for (const pid of agent.processes) process.kill(pid, 'SIGKILL');
    await reach(session, 'failed');
    assert.match(session.state.status, /The agent ended \(pod .*(exit code 137|signal 9)/);
    await nothingLeft(agent);
    await session.restart();
    await reach(session, 'running');
    const other = await onlyAgent();
    assert.notEqual(other.uid, agent.uid);
    await session.stop();
    await nothingLeft(other);
  });

  it('fails with the reason when the pod is deleted from outside, and leaves nothing', async () => {
    const session = start(NODE);
    await reach(session, 'running');
    const agent = await onlyAgent();
    await kubectl(cluster(), ['-n', namespace.name, 'delete', 'pod', agent.pod, '--wait=false']);
    await reach(session, 'failed');
    assert.match(session.state.status, /deleted/);
    await nothingLeft(agent);
    await session.stop();
  });

  it('leaves nothing when the process that observes is killed', async () => {
    const program = join(import.meta.dirname, 'sessionProcess.ts');
    const file = kubeconfigOf(cluster(), 'admin');
    const child = spawn(process.execPath, [program, file, namespace.name, 'node-a'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await poll('the other process to observe', () => output.includes('running'), LONG);
    const agent = await onlyAgent();
    const killed = performance.now();
    child.kill('SIGKILL');
    await nothingLeft(agent, 60);
    console.log(`      gone ${((performance.now() - killed) / 1000).toFixed(1)} s after SIGKILL`);
  });

  it('connects again when the port-forward breaks, and flows go on', async () => {
    const session = start(POD());
    let rows = 0;
    let resets = 0;
    session.consumeFlows(({ message, reset }) => {
      rows += message.flows.length;
      if (reset) resets += 1;
    });
    await reach(session, 'running');
    await poll('flows', () => rows > 0, LONG);
    const phases: string[] = [];
    session.onChange(() => phases.push(session.state.phase));
    assert(breakConnections(6443) > 0, 'no connection to the API server was found');
    await poll(
      'a reconnect',
      () => phases.includes('reconnecting') && session.state.phase === 'running',
      LONG,
    );
    const before = rows;
    await poll('more flows', () => rows > before, LONG);
    assert.equal(resets, 1);
    await session.stop();
  });

  it('removes what Remove Agents… is asked to, and ends the session that used it', async () => {
    const session = start(NODE);
    await reach(session, 'running');
    const agent = await onlyAgent();
    const found = (await sessions.findAgents(connected)).filter((each) => each.namespace === namespace.name);
    await sessions.removeAgents(connected, found);
    await nothingLeft(agent);
    assert.equal(session.state.phase, 'stopped');
  });

  it('creates nothing without consent, and stops in the middle of a start', async () => {
    const refused = start(NODE, { confirmDeploy: () => Promise.resolve(false) });
    await reach(refused, 'stopped');
    assert.deepEqual(await agentObjects(cluster(), namespace.name), []);
    const early = start(NODE);
    await poll('the Job', async () => (await agentObjects(cluster(), namespace.name)).length > 0, {
      ...LONG,
      interval: 20,
    });
    await early.stop();
    assert.equal(early.state.phase, 'stopped');
    assert.deepEqual(await agentObjects(cluster(), namespace.name), []);
  });

  it('stops everything when VS Code closes', async () => {
    const session = start(NODE);
    await reach(session, 'running');
    const agent = await onlyAgent();
    const started = performance.now();
    await sessions.dispose();
    console.log(`      disposed of in ${(performance.now() - started).toFixed(0)} ms`);
    assert(performance.now() - started < 5000);
    await nothingLeft(agent);
  });
});

/** Tears every connection of this process to a port, as a network that changed. Returns how many. */
function breakConnections(port: number): number {
  const handles = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles();
  const sockets = handles.filter(
    (handle): handle is Socket => handle instanceof Socket && handle.remotePort === port,
  );
  for (const socket of sockets) socket.destroy();
  return sockets.length;
}
