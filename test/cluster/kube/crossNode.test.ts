/** One pod observed on two nodes: a row a connection, with what both nodes saw of it and its whole path. */
import assert from 'node:assert/strict';
import { pathPicture } from '../../../src/flows/pathPicture.ts';
import { SessionFlows } from '../../../src/flows/sessionFlows.ts';
import type { Cluster as ConnectedCluster } from '../../../src/kube/cluster.ts';
import { silentLog } from '../../../src/kube/log.ts';
import { FLOW } from '../../../src/model/flowRecord.ts';
import type { FlowPathPicture } from '../../../src/model/pointsMessages.ts';
import { createSessions } from '../../../src/session/sessions.ts';
import type { Session, Sessions } from '../../../src/session/types.ts';
import { applyManifest, kubectl } from '../kubectl.ts';
import { poll } from '../poll.ts';
import { useCluster } from '../sharedCluster.ts';
import type { TestNamespace } from './support.ts';
import {
  PAYLOADS,
  agentObjects,
  agentSettings,
  connect,
  kubeconfigAs,
  makeNamespace,
  runProgram,
  waitReady,
} from './support.ts';

const LONG = { timeout: 90_000 };
const HOST_PORT = 18_080;
const SERVER = (port: number): string =>
  `require('node:http').createServer((_, response) => response.end('x'.repeat(2000))).listen(${port})`;
/** Keeps one connection to each address and asks again and again, once it is told to begin. */
const CLIENT = (addresses: readonly string[]): string => `
const http = require('node:http');
for (const address of ${JSON.stringify(addresses)}) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const ask = () => http.get(address, { agent }, (r) => r.resume().on('end', () => setTimeout(ask, 300))).on('error', () => setTimeout(ask, 300));
  ask();
}`;

interface ShownRow extends FlowPathPicture {
  readonly sentPackets: number;
}

describe('a pod observed on two nodes', function () {
  this.timeout(180_000);
  const cluster = useCluster();
  let connected: ConnectedCluster;
  let namespace: TestNamespace;
  let sessions: Sessions | undefined;
  let session: Session;
  let flows: SessionFlows | undefined;
  /** Address and port that the client asks, by what the way is. */
  let asked: ReadonlyMap<string, string>;

  before(async () => {
    connected = await connect(await kubeconfigAs(cluster()));
    namespace = await makeNamespace(cluster(), { 'pod-security.kubernetes.io/enforce': 'privileged' });
    const { name } = namespace;
    await runProgram(cluster(), name, 'web-a', SERVER(8080), { nodeName: 'node-a' });
    await runProgram(cluster(), name, 'web-b', SERVER(8080), { nodeName: 'node-b' });
    await runProgram(cluster(), name, 'host-b', SERVER(HOST_PORT), { nodeName: 'node-b', hostNetwork: true });
    for (const pod of ['web-a', 'web-b', 'host-b']) await waitReady(cluster(), name, pod);
    await kubectl(cluster(), ['-n', name, 'label', 'pod', 'web-b', 'app=web']);
    const spec = { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] };
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: name }, spec };
    await applyManifest(cluster(), JSON.stringify(service));
    const read = async (kind: string, path: string): Promise<string> =>
      (await kubectl(cluster(), ['-n', name, 'get', ...kind.split(' '), '-o', `jsonpath={${path}}`])).trim();
    asked = new Map([
      ['pod of its node', `${await read('pod web-a', '.status.podIP')}:8080`],
      ['pod of the other node', `${await read('pod web-b', '.status.podIP')}:8080`],
      ['Service with its backend on the other node', `${await read('service web', '.spec.clusterIP')}:80`],
      ['hostNetwork pod of the other node', `${await read('pod host-b', '.status.podIP')}:${HOST_PORT}`],
    ]);
    sessions = createSessions(
      { payloadFolder: PAYLOADS, agentProgram: '', version: '0.1.0', owner: 'test@machine' },
      silentLog,
    );
    session = sessions.start({
      source: { kind: 'cluster', cluster: connected },
      target: { kind: 'node', node: 'node-a' },
      settings: agentSettings(name),
      confirmDeploy: () => Promise.resolve(true),
    });
    flows = new SessionFlows(session);
    session.alsoObserve('node-b');
    await poll(
      'two agents that run',
      () => session.agents.filter(({ phase }) => phase === 'running').length === 2,
      LONG,
    );
    await poll('both wirings', () => session.agents.every(({ topology }) => topology !== null), LONG);
    const addresses = [...asked.values()].map((address) => `http://${address}`);
    await runProgram(cluster(), name, 'client', CLIENT(addresses), { nodeName: 'node-a' });
    await waitReady(cluster(), name, 'client');
  });

  after(async () => {
    try {
      flows?.dispose();
      await sessions?.dispose();
      assert.deepEqual(await agentObjects(cluster(), namespace.name), []);
    } finally {
      connected.dispose();
      await namespace.remove();
    }
  });

  /** Rows of the client's connections to where it asked. */
  function rowsTo(address: string): ShownRow[] {
    assert.ok(flows);
    const { store } = flows;
    const [host, port] = address.split(':');
    const topologies = session.agents.flatMap(({ topology }) => topology ?? []);
    const { records, slots, states } = store.picture(Date.now());
    const rows: ShownRow[] = [];
    for (let slot = 0; slot < slots; slot += 1) {
      if (states[slot] === 0) continue;
      const flow = { agent: records.uint32(slot, FLOW.agent), flow: records.uint32(slot, FLOW.id) };
      const picture = pathPicture(store, flow, topologies);
      if (picture?.client.name !== 'client') continue;
      const [first] = picture.path.request.points;
      if (
        first !== undefined &&
        first.tuple.destination === host &&
        String(first.tuple.destinationPort) === port
      ) {
        rows.push({ ...picture, sentPackets: records.float64(slot, FLOW.sentPackets) });
      }
    }
    return rows;
  }

  it('shows one row for each connection, seen at every point of its path, with both ends’ names', async () => {
    for (const [what, address] of asked) {
      const isWhole = ([row, ...others]: ShownRow[]): boolean =>
        row !== undefined &&
        others.length === 0 &&
        [...row.path.request.points, ...row.path.reply.points].every(
          ({ attached, seen }) => !attached || seen !== null,
        );
      await poll(`the whole path to ${what}`, () => isWhole(rowsTo(address)), { timeout: 20_000 }).catch(
        (error: unknown) => {
          throw new Error(
            `${what}:\n${rowsTo(address)
              .map(({ text }) => text)
              .join('\n')}`,
            { cause: error },
          );
        },
      );
      const [row] = rowsTo(address);
      assert.ok(row);
      console.log(`      ${what}\n${row.text.replace(/^/gm, '        ')}`);
      const points = [...row.path.request.points, ...row.path.reply.points];
      assert.deepEqual(row.path.unexpected, [], what);
      assert.deepEqual(
        points.filter(({ blank }) => blank?.kind === 'unexplained'),
        [],
        what,
      );
      assert.deepEqual(
        [row.path.request.ending.kind, row.path.reply.ending.kind],
        ['delivered', 'delivered'],
        what,
      );
      const nodes = new Set(points.map(({ node }) => node));
      assert.equal(nodes.size, what === 'pod of its node' ? 1 : 2, what);
      assert.deepEqual(row.unobserved, []);
      assert.equal(row.service, what.startsWith('Service') ? `${namespace.name}/web` : null, what);
    }
  });

  it('counts each connection once: what passes at the client’s veth', () => {
    for (const [what, address] of asked) {
      const [row] = rowsTo(address);
      assert.ok(row);
      const first = row.path.request.points.find(({ seen }) => seen !== null)?.seen;
      assert.equal(row.sentPackets, first?.packets, what);
    }
  });
});
