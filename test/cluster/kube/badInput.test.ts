import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster as ConnectedCluster } from '../../../src/kube/cluster.ts';
import { isKubeError, type KubeError, type ProblemKind } from '../../../src/kube/errors.ts';
import type { Kubeconfig } from '../../../src/kube/kubeconfig.ts';
import { silentLog } from '../../../src/kube/log.ts';
import { createSessions } from '../../../src/session/sessions.ts';
import type { AgentSettings, Session, Sessions, Target } from '../../../src/session/types.ts';
import { applyManifest, kubectl } from '../kubectl.ts';
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
  type TestNamespace,
} from './support.ts';

const LONG = { timeout: 60_000, interval: 50 };
const SLEEP = 'setInterval(() => {}, 1000)';

describe('bad input on a cluster', function () {
  this.timeout(120_000);
  const cluster = useCluster();
  let admin: ConnectedCluster;
  let namespace: TestNamespace;
  let sessions: Sessions | null = null;
  let payloads = PAYLOADS;
  before(async () => {
    admin = await connect(await kubeconfigAs(cluster()));
    namespace = await makeNamespace(cluster());
  });
  after(async () => {
    admin.dispose();
    await namespace.remove();
  });
  beforeEach(() => {
    payloads = PAYLOADS;
  });
  afterEach(async () => {
    await sessions?.dispose();
    assert.deepEqual(await agentObjects(cluster(), namespace.name), []);
  });

  /** Everything a message owes: what, where, one cause and one step. */
  const complete = (error: KubeError, kind: ProblemKind): KubeError => {
    const { problem } = error;
    assert.equal(problem.kind, kind, error.message);
    assert(problem.what.length > 10 && problem.next.length > 10, error.message);
    console.log(`      ${error.message}`);
    return error;
  };
  const refused = async (kubeconfig: Kubeconfig, kind: ProblemKind): Promise<KubeError> => {
    const error: unknown = await connect(kubeconfig).then(
      () => assert.fail('it connected'),
      (reason: unknown) => reason,
    );
    assert(isKubeError(error), String(error));
    return complete(error, kind);
  };
  const withCluster = (kubeconfig: Kubeconfig, changes: object): Kubeconfig => ({
    ...kubeconfig,
    clusters: kubeconfig.clusters.map((entry) => ({ ...entry, cluster: { ...entry.cluster, ...changes } })),
  });
  const start = (
    target: Target,
    settings: Partial<AgentSettings> = {},
    at: ConnectedCluster = admin,
  ): Session => {
    const options = { payloadFolder: payloads, agentProgram: '', version: '0.1.0', owner: 'test' };
    const all = createSessions(options, silentLog);
    sessions = all;
    return all.start({
      source: { kind: 'cluster', cluster: at },
      target,
      settings: agentSettings(namespace.name, settings),
      confirmDeploy: () => Promise.resolve(true),
    });
  };
  const failure = async (session: Session, kind: ProblemKind): Promise<string> => {
    await poll('the session to fail', () => session.state.phase === 'failed', LONG);
    const { problem, status } = session.state;
    assert(problem !== null);
    assert.equal(problem.kind, kind, status);
    assert(problem.next.length > 10);
    console.log(`      ${status}`);
    return status;
  };
  const NODE: Target = { kind: 'node', node: 'node-a' };
  const pod = (name: string): Target => ({ kind: 'pod', namespace: namespace.name, name });

  describe('API server', () => {
    it('that does not listen or does not resolve', async () => {
      const kubeconfig = await kubeconfigAs(cluster());
      const closed = admin.server.replace(/:\d+$/, ':1');
      const error = await refused(withCluster(kubeconfig, { server: closed }), 'unreachable');
      assert.match(error.message, /refused/);
      await refused(withCluster(kubeconfig, { server: 'https://no-such.invalid:6443' }), 'unreachable');
    });

    it('whose certificate is signed by another', async () => {
      const changes = { 'certificate-authority-data': undefined, 'certificate-authority': undefined };
      await refused(withCluster(await kubeconfigAs(cluster()), changes), 'tls');
    });

    it('that does not know the credentials, or knows them as expired', async () => {
      const none = {
        'client-certificate-data': undefined,
        'client-key-data': undefined,
        'client-certificate': undefined,
        'client-key': undefined,
      };
      await refused(await kubeconfigAs(cluster(), 'admin', { ...none, token: 'wrong' }), 'unauthenticated');
      await refused(await kubeconfigAs(cluster(), 'expired'), 'unauthenticated');
      await refused(await kubeconfigAs(cluster(), 'stranger'), 'unauthenticated');
    });
  });

  describe('credential plugin', () => {
    const withPlugin = (exec: object): Promise<Kubeconfig> =>
      kubeconfigAs(cluster(), 'admin', {
        'client-certificate-data': undefined,
        'client-key-data': undefined,
        exec: { apiVersion: 'client.authentication.k8s.io/v1', ...exec },
      });

    it('that is missing or hangs', async () => {
      const hint = { command: 'no-such-plugin', installHint: 'Install it from its page.' };
      const error = await refused(await withPlugin(hint), 'credential-plugin');
      assert.match(error.message, /"no-such-plugin" was not found. Install it from its page\./);
      const hangs = await withPlugin({ command: 'sleep', args: ['600'] });
      const started = Date.now();
      await refused(hangs, 'credential-plugin');
      assert(Date.now() - started < 20_000);
    });

    it('that gives the certificate works', async () => {
      const { users } = await kubeconfigAs(cluster());
      const folder = mkdtempSync(join(tmpdir(), 'vethscope-exec-'));
      const pem = (field: 'client-certificate-data' | 'client-key-data'): string =>
        Buffer.from(users[0]?.user[field] ?? '', 'base64').toString();
      const status = {
        clientCertificateData: pem('client-certificate-data'),
        clientKeyData: pem('client-key-data'),
      };
      const answer = { kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status };
      writeFileSync(join(folder, 'answer.json'), JSON.stringify(answer), { mode: 0o600 });
      const connected = await connect(
        await withPlugin({ command: 'cat', args: [join(folder, 'answer.json')] }),
      );
      assert.equal(connected.uid, admin.uid);
      connected.dispose();
      rmSync(folder, { recursive: true });
    });
  });

  describe('permissions', () => {
    it('that are missing are named with verb and resource, and nothing is created', async () => {
      const viewer = await connect(await kubeconfigAs(cluster(), 'viewer'));
      const status = await failure(start(NODE, {}, viewer), 'forbidden');
      assert.match(status, /may not create and delete jobs\.batch, nor get or create pods\/exec/);
      assert.match(status, /"get" or "create" on "pods\/exec"/);
      viewer.dispose();
    });

    it('that lack the target pod itself', async () => {
      const dev = await connect(await kubeconfigAs(cluster(), 'dev'));
      const status = await failure(start(pod('web'), {}, dev), 'forbidden');
      assert.match(status, /User "dev" may not get pods in the namespace/);
      dev.dispose();
    });
  });

  describe('namespace for agents', () => {
    it('that enforces Pod Security', async () => {
      const labels = { 'pod-security.kubernetes.io/enforce': 'baseline' };
      const strict = await makeNamespace(cluster(), labels);
      try {
        const status = await failure(
          start(NODE, { 'vethscope.agent.namespace': strict.name }),
          'pod-security',
        );
        assert.match(status, new RegExp(`namespace ${strict.name} enforces Pod Security "baseline"`));
        assert.match(status, /hostPID=true/);
        assert.deepEqual(await agentObjects(cluster(), strict.name), []);
      } finally {
        await strict.remove();
      }
    });

    it('that does not exist, or whose quota is used up', async () => {
      const absent = await failure(start(NODE, { 'vethscope.agent.namespace': 'absent' }), 'not-found');
      assert.match(absent, /There is no namespace "absent".*vethscope\.agent\.namespace/);
      const full = await makeNamespace(cluster());
      try {
        await kubectl(cluster(), ['-n', full.name, 'create', 'quota', 'none', '--hard=pods=0']);
        await poll(
          'the quota',
          async () =>
            (await kubectl(cluster(), [
              '-n',
              full.name,
              'get',
              'quota',
              'none',
              '-o',
              'jsonpath={.status.hard}',
            ])) !== '',
          LONG,
        );
        await failure(start(NODE, { 'vethscope.agent.namespace': full.name }), 'quota');
      } finally {
        await full.remove();
      }
    });
  });

  describe('pod', () => {
    it('that is gone, pending or done', async () => {
      assert.match(await failure(start(pod('gone')), 'pod'), /is gone/);
      const nowhere = { nodeSelector: { 'no-such': 'label' } };
      await runProgram(cluster(), namespace.name, 'pending', SLEEP, nowhere);
      await poll(
        'the scheduler',
        async () =>
          (
            await kubectl(cluster(), [
              '-n',
              namespace.name,
              'get',
              'pod',
              'pending',
              '-o',
              'jsonpath={.status.conditions}',
            ])
          ).includes('Unschedulable'),
        LONG,
      );
      assert.match(await failure(start(pod('pending')), 'pod'), /is pending on no node.*node affinity/);
      await runProgram(cluster(), namespace.name, 'done', '', { restartPolicy: 'Never' });
      const phase = ['-n', namespace.name, 'get', 'pod', 'done', '-o', 'jsonpath={.status.phase}'];
      await poll('it to end', async () => (await kubectl(cluster(), phase)) === 'Succeeded', LONG);
      assert.match(await failure(start(pod('done')), 'pod'), /has ended/);
    });

    it('on a Windows node, on a virtual node, or on a node that is not ready', async () => {
      const id = randomBytes(3).toString('hex');
      const fakes = [
        { name: `windows-${id}`, labels: { 'kubernetes.io/os': 'windows' }, message: /runs windows/ },
        {
          name: `fargate-${id}`,
          labels: { 'eks.amazonaws.com/compute-type': 'fargate' },
          message: /is a Fargate node/,
        },
        { name: `virtual-${id}`, labels: { type: 'virtual-kubelet' }, message: /is a virtual node/ },
      ];
      try {
        for (const { name, labels, message } of fakes) {
          await applyManifest(
            cluster(),
            JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels } }),
          );
          const info = labels['kubernetes.io/os'] === 'windows' ? 'windows' : 'linux';
          const nodeInfo = { operatingSystem: info, architecture: 'amd64' };
          await kubectl(cluster(), [
            'patch',
            'node',
            name,
            '--subresource=status',
            '--type=merge',
            '-p',
            JSON.stringify({ status: { nodeInfo } }),
          ]);
          const status = await failure(start({ kind: 'node', node: name }), 'unsupported-node');
          assert.match(status, message);
        }
      } finally {
        await kubectl(cluster(), ['delete', 'node', ...fakes.map(({ name }) => name), '--ignore-not-found']);
      }
      await failure(start({ kind: 'node', node: 'no-such-node' }), 'not-found');
    });
  });

  describe('agent', () => {
    it('whose image cannot be pulled', async () => {
      const image = 'localhost/no-such-image:1';
      const status = await failure(start(NODE, { 'vethscope.agent.image': image }), 'image');
      assert.match(status, /localhost\/no-such-image:1 cannot be pulled/);
      assert.match(status, /vethscope\.agent\.image/);
    });

    it('whose image has no Node', async () => {
      const status = await failure(start(NODE, { 'vethscope.agent.image': 'localhost/pause:1' }), 'agent');
      assert.match(status, /"node": executable file not found/);
    });

    it('that ends at once, with what it said', async () => {
      payloads = mkdtempSync(join(tmpdir(), 'vethscope-payload-'));
      mkdirSync(join(payloads, 'linux-x64'));
      const program = 'console.error("this kernel has no BTF"); process.exit(4);';
      writeFileSync(join(payloads, 'linux-x64', 'agent.cjs'), program);
      const status = await failure(start(NODE), 'agent');
      assert.match(status, /this kernel has no BTF \(exit code 4\)/);
      rmSync(payloads, { recursive: true });
    });

    it('that this package does not carry', async () => {
      payloads = join(tmpdir(), 'no-such-payload');
      await failure(start(NODE), 'unsupported-node');
    });
  });
});
