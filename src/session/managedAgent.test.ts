import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { KubeError, type ProblemKind } from '../kube/errors.ts';
import { silentLog } from '../kube/log.ts';
import { EMPTY_INVENTORY } from './inventorySource.ts';
import { ManagedAgent, type StartContext } from './managedAgent.ts';
import { FakeAgent } from './testing/fakeAgent.ts';
import type { Transport } from './transport.ts';

const failure = (kind: ProblemKind, why: string): KubeError =>
  new KubeError({ kind, what: 'It failed', where: 'here', why, next: 'Retry.' });

describe('managed agent', () => {
  let fakes: FakeAgent[];
  let agent: ManagedAgent;
  let disposed: number;
  beforeEach(() => {
    fakes = [];
    disposed = 0;
  });
  afterEach(async () => {
    await agent.remove();
    for (const fake of fakes) await fake.close();
  });

  const fresh = async (): Promise<FakeAgent> => {
    const fake = await FakeAgent.start();
    fakes.push(fake);
    return fake;
  };
  const manage = (...attempts: ((context: StartContext) => Promise<Transport>)[]): ManagedAgent => {
    agent = new ManagedAgent({
      key: 'k',
      source: { kind: 'local', local: { name: 'lab' } },
      node: 'node-a',
      starter: {
        attempts,
        inventory: () => Promise.resolve({ ...EMPTY_INVENTORY, dispose: () => (disposed += 1) }),
      },
      version: '0.1.0',
      log: silentLog,
    });
    return agent;
  };
  const until = async (phase: ManagedAgent['phase']): Promise<void> => {
    const deadline = Date.now() + 5000;
    while (agent.phase !== phase) {
      assert(Date.now() < deadline, `${agent.phase}: ${agent.status}`);
      await delay(5);
    }
  };

  it('starts, runs, and is removed once however often it is asked', async () => {
    manage(fresh);
    await until('running');
    assert.equal(agent.kernel, '6.18');
    await Promise.all([agent.remove(), agent.remove()]);
    assert.deepEqual([fakes[0]?.closed, disposed, agent.phase], [1, 1, 'stopped']);
  });

  it('asks for more privileges only when they were what lacked, with the reason', async () => {
    const reasons: (string | null)[] = [];
    manage(
      ({ reason }) => {
        reasons.push(reason);
        return Promise.reject(failure('agent', 'bpf(): Operation not permitted'));
      },
      ({ reason }) => {
        reasons.push(reason);
        return fresh();
      },
    );
    await until('running');
    assert.equal(reasons[0], null);
    assert.match(reasons[1] ?? '', /Operation not permitted/);
  });

  it('does not try again what more privileges would not help', async () => {
    let attempts = 0;
    const attempt = (): Promise<Transport> => {
      attempts += 1;
      return Promise.reject(failure('image', 'permission denied by the registry'));
    };
    manage(attempt, attempt);
    await until('failed');
    assert.equal(attempts, 1);
    assert.equal(agent.problem?.kind, 'image');
  });

  it('leaves nothing of an attempt whose agent was not fit', async () => {
    manage(async () => {
      const fake = await fresh();
      fake.protocolVersion = 9;
      return fake;
    });
    await until('failed');
    assert.match(agent.status, /another version of the protocol/);
    while (disposed === 0) await delay(5);
    assert.equal(fakes[0]?.closed, 1);
  });

  it('fails when the agent dies, and clears away what is left of it', async () => {
    manage(fresh);
    await until('running');
    fakes[0]?.die(failure('agent', 'signal 9').problem);
    await until('failed');
    assert.equal(agent.problem?.why, 'signal 9');
    while (fakes[0]?.closed === 0) await delay(5);
    assert.equal(disposed, 1);
  });

  it('stops in the middle of a start', async () => {
    let aborted = false;
    manage(
      ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(failure('cancelled', ''));
          });
        }),
    );
    await delay(20);
    await agent.remove();
    assert.deepEqual([aborted, agent.phase], [true, 'stopped']);
  });

  it('stops, not fails, when the user does not want it', async () => {
    manage(() => Promise.reject(failure('cancelled', 'the agent was not wanted')));
    await until('stopped');
    assert.equal(agent.problem, null);
    assert.match(agent.status, /the agent was not wanted/);
    while (disposed === 0) await delay(5);
  });
});
