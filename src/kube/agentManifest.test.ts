import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentJob, agentPod, type AgentManifestOptions } from './agentManifest.ts';
import { agentPodStatus } from './agentStatus.ts';
import type { PodObject } from './objects.ts';
import { nodeProblem, podProblem } from './targetPod.ts';

const OPTIONS: AgentManifestOptions = {
  session: 'abc123',
  namespace: 'tools',
  node: 'node-a',
  image: 'image:1',
  privileges: 'capabilities',
  maximumHours: 8,
  owner: 'ada@laptop',
};

describe("agent's Job", () => {
  it('ends by itself in every case', () => {
    const { spec, metadata } = agentJob(OPTIONS);
    assert.deepEqual(
      [spec?.parallelism, spec?.backoffLimit, spec?.activeDeadlineSeconds, spec?.ttlSecondsAfterFinished],
      [1, 0, 28_800, 0],
    );
    assert.equal(spec?.template.spec?.restartPolicy, 'Never');
    assert.equal(metadata?.labels?.['vethscope.dev/session'], 'abc123');
    assert.equal(spec.template.metadata?.labels?.['vethscope.dev/session'], 'abc123');
    assert.deepEqual(spec.template.spec, agentPod(OPTIONS).spec);
  });

  it('asks for capabilities one by one, and for all of them only as privileged', () => {
    const container = agentPod(OPTIONS).spec.containers[0];
    assert.deepEqual(container?.securityContext?.capabilities, {
      drop: ['ALL'],
      add: ['BPF', 'PERFMON', 'NET_ADMIN', 'SYS_PTRACE', 'SYS_ADMIN'],
    });
    assert.equal(container.securityContext.privileged, undefined);
    const all = agentPod({ ...OPTIONS, privileges: 'privileged' }).spec.containers[0];
    assert.equal(all?.securityContext?.privileged, true);
    assert.equal(all.securityContext.capabilities, undefined);
  });

  it('has its own network, no API token and no volume of the host', () => {
    const { spec } = agentPod(OPTIONS);
    assert.equal(spec.hostNetwork, undefined);
    assert.equal(spec.automountServiceAccountToken, false);
    assert(spec.volumes?.every(({ hostPath }) => hostPath === undefined));
    assert.deepEqual(spec.tolerations, [{ operator: 'Exists' }]);
  });

  it('waits for the upload and then becomes the uploaded program', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vethscope-bootstrap-'));
    const command = (agentPod(OPTIONS).spec.containers[0]?.command ?? []).map((argument) =>
      argument.replaceAll('/tmp/vethscope', folder),
    );
    const child = spawn(process.execPath, command.slice(1));
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const program = 'console.log(JSON.stringify([require.main === module, ...process.argv.slice(1)]))';
    writeFileSync(join(folder, 'agent.cjs'), program);
    setTimeout(() => writeFileSync(join(folder, 'complete'), ''), 100);
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, 0, output);
    assert.deepEqual(JSON.parse(output), [
      true,
      join(folder, 'agent.cjs'),
      'serve',
      '--listen',
      '127.0.0.1:18240',
      '--token-file',
      join(folder, 'token'),
      '--node',
      'node-a',
    ]);
    rmSync(folder, { recursive: true });
  });
});

describe("agent's pod", () => {
  const pod = (status: PodObject['status'], metadata: object = {}): PodObject => ({
    metadata: { name: 'agent', namespace: 'tools', ...metadata },
    spec: { nodeName: 'node-a', containers: [{ name: 'agent', image: 'image:1' }] },
    ...(status === undefined ? {} : { status }),
  });
  const container = (state: object): PodObject['status'] => ({
    phase: 'Pending',
    conditions: [],
    containerStatuses: [
      { name: 'agent', image: '', imageID: '', ready: false, restartCount: 0, state: state },
    ],
  });
  const problem = (status: PodObject['status'], metadata?: object): string => {
    const found = agentPodStatus(pod(status, metadata));
    assert(found.phase === 'failed', found.phase);
    return `${found.problem.kind}: ${found.problem.what}: ${found.problem.why}`;
  };

  it('waits with words', () => {
    const text = (status: PodObject['status']): string => {
      const found = agentPodStatus(pod(status));
      assert(found.phase === 'waiting');
      return found.status;
    };
    assert.match(text({ phase: 'Pending' }), /Waiting for the kubelet of node-a/);
    assert.match(
      text(container({ waiting: { reason: 'ContainerCreating' } })),
      /Starting the agent on node-a…/,
    );
    const unschedulable = { type: 'PodScheduled', status: 'False', message: 'node is full' };
    assert.match(text({ phase: 'Pending', conditions: [unschedulable] }), /node is full/);
  });

  it('runs when its container does', () => {
    const status = container({ running: {} });
    assert.equal(agentPodStatus(pod({ ...status, phase: 'Running' })).phase, 'running');
  });

  it('fails at once where waiting does not help', () => {
    const back = { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } };
    assert.equal(problem(container(back)), 'image: The image image:1 cannot be pulled: no such image');
    const start = { waiting: { reason: 'CreateContainerError', message: 'no such user' } };
    assert.match(problem(container(start)), /^agent: The agent's container cannot be started: no such user/);
    const refused = { phase: 'Failed', reason: 'OutOfmemory', message: 'Node has no memory' };
    assert.match(problem(refused), /^unschedulable: .*OutOfmemory: Node has no memory/);
    assert.match(problem({ phase: 'Running' }, { deletionTimestamp: 'now' }), /is being deleted/);
  });

  it('says how it ended', () => {
    const ended = (terminated: object): string => problem(container({ terminated }));
    assert.match(ended({ exitCode: 4, message: 'one\ntwo\n' }), /one two \(exit code 4\)/);
    assert.match(ended({ exitCode: 137, reason: 'Error' }), /exit code 137 \(Error\)/);
    assert.match(ended({ exitCode: 137, reason: 'OOMKilled' }), /more memory than its limit/);
    const runtime = { exitCode: 128, reason: 'StartError', message: 'exec: "node": not found' };
    assert.match(ended(runtime), /^agent: The agent's container cannot be started: exec: "node": not found/);
  });
});

describe('target', () => {
  it('says why a pod cannot be observed', () => {
    const spec = { containers: [], nodeName: 'node-a' };
    assert.equal(podProblem({ spec, status: { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }] } }), null);
    assert.match(podProblem({ spec, status: { phase: 'Failed' } })?.what ?? '', /has ended/);
    assert.match(
      podProblem({ spec: { containers: [] }, status: { phase: 'Pending' } })?.what ?? '',
      /no node/,
    );
    const waiting = { state: { waiting: { reason: 'ImagePullBackOff' } } } as never;
    const pending = podProblem({ spec, status: { phase: 'Pending', containerStatuses: [waiting] } });
    assert.deepEqual([pending?.what, pending?.why], ['is pending', 'ImagePullBackOff']);
  });

  it('says why a node takes no agent', () => {
    const node = (
      info: object,
      labels: Record<string, string> = {},
      conditions: object[] = [],
    ): string | null =>
      nodeProblem({
        metadata: { name: 'n', labels },
        status: { nodeInfo: info as never, conditions: conditions as never },
      })?.what ?? null;
    const linux = { operatingSystem: 'linux', architecture: 'arm64' };
    assert.equal(node(linux, {}, [{ type: 'Ready', status: 'True' }]), null);
    assert.equal(node({ ...linux, operatingSystem: 'windows' }), 'The node n runs windows');
    assert.equal(node({ ...linux, architecture: 's390x' }), 'The node n is a s390x machine');
    assert.equal(node(linux, { type: 'virtual-kubelet' }), 'The node n is a virtual node');
    assert.equal(node(linux, {}, [{ type: 'Ready', status: 'Unknown' }]), 'The node n is not ready');
  });
});
