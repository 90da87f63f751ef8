import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { InventoryChange } from '../kube/inventory.ts';
import { Listeners } from '../kube/listeners.ts';
import { silentLog } from '../kube/log.ts';
import type { InventoryObject } from '../model/inventory.ts';
import { PROTOCOL_VERSION } from '../model/protocolVersion.ts';
import { AgentConnection, type AgentConnectionOptions } from './agentConnection.ts';
import { EMPTY_INVENTORY } from './inventorySource.ts';
import { FakeAgent, LISTENER } from './testing/fakeAgent.ts';

const DEATH = {
  kind: 'agent',
  what: 'The agent ended',
  where: 'pod',
  why: 'signal 9',
  next: 'Restart.',
} as const;
const EVERY_PACKET = { addresses: [], ports: [], protocols: [] };
const EVERYTHING = { podUids: [], namespaces: [] };

describe('agent connection', () => {
  let agent: FakeAgent;
  let connection: AgentConnection;
  beforeEach(async () => {
    agent = await FakeAgent.start();
  });
  afterEach(async () => {
    await connection.close();
    await agent.close();
  });

  const connect = (options: Partial<AgentConnectionOptions> = {}): AgentConnection => {
    connection = new AgentConnection({
      transport: agent,
      inventory: EMPTY_INVENTORY,
      version: '0.1.0',
      where: 'node node-a',
      log: silentLog,
      heartbeatMilliseconds: 30,
      heartbeatTimeoutMilliseconds: 200,
      ...options,
    });
    connection.open();
    return connection;
  };
  const until = async (condition: () => boolean, what: string): Promise<void> => {
    const deadline = Date.now() + 5000;
    while (!condition()) {
      assert(Date.now() < deadline, `still waiting: ${what}`);
      await delay(5);
    }
  };

  it('says hello, sends heartbeats, and gets topology and ledger', async () => {
    connect();
    await until(() => connection.topology !== null && connection.ledger !== null, 'streams');
    assert.equal(connection.phase, 'running');
    assert.equal(connection.hello?.kernel, '6.18');
    assert.equal(connection.ledger?.seen, 5);
    await until(() => agent.heartbeats >= 3, 'heartbeats');
  });

  it('measures how far the clock of the agent is ahead, and that it was set', async () => {
    agent.ahead = 40_000;
    connect();
    const ahead = (): boolean => {
      const { clock } = connection;
      return clock !== null && Math.abs(clock.offset - agent.ahead) <= clock.uncertainty;
    };
    await until(ahead, 'the offset');
    agent.ahead = -5000;
    await until(ahead, 'the new offset');
  });

  it('reads a capture one message at a time, and ends it where it is asked to', async () => {
    connect();
    await until(() => connection.phase === 'running', 'the connection');
    const question = {
      netns: 1,
      interfaces: ['eth0'],
      filter: EVERY_PACKET,
      mostPackets: null,
      mostSeconds: null,
    };
    const stop = new AbortController();
    let bytes = 0;
    let last = { packets: -1, truncated: 0, lost: 0 };
    const taking = connection.capture(
      question,
      async (blocks, counts) => {
        bytes += blocks.length;
        last = counts;
        if (counts.packets === 3) stop.abort();
        await delay(1);
      },
      stop.signal,
    );
    assert.equal(await taking, 'asked');
    // Each message before the last one has a packet of a hundred bytes.
    assert.ok(last.packets > 3);
    assert.deepEqual([bytes, last.lost], [last.packets * 100, 3]);
  });

  it('says why a capture cannot be, or could not go on', async () => {
    connect();
    await until(() => connection.phase === 'running', 'the connection');
    const question = {
      netns: 1,
      interfaces: ['none'],
      filter: EVERY_PACKET,
      mostPackets: null,
      mostSeconds: null,
    };
    const never = new AbortController().signal;
    const nothing = (): Promise<void> => Promise.resolve();
    await assert.rejects(
      connection.capture(question, nothing, never),
      /^KubeError: The capture failed \(node node-a\): no such interface\. What was captured/,
    );
    const full = new Error('no space left');
    const running = { ...question, interfaces: ['eth0'] };
    await assert.rejects(
      connection.capture(running, () => Promise.reject(full), never),
      full,
    );
    const broken = connection.capture(
      running,
      () => {
        agent.breakConnections();
        return Promise.resolve();
      },
      never,
    );
    await assert.rejects(broken, /^KubeError: The capture failed \(node node-a\): .+\. What was captured/);
  });

  it('reads flows one message at a time: a slow reader stops the agent, not the heartbeats', async () => {
    agent.flowMilliseconds = 0;
    connect();
    let taken = 0;
    let release: () => void = () => {};
    connection.readFlows(EVERYTHING, async () => {
      taken += 1;
      if (taken === 3) await new Promise<void>((resolve) => (release = resolve));
    });
    await until(() => taken === 3, 'three messages');
    await delay(300);
    const { sent, heartbeats } = agent;
    await delay(300);
    assert.equal(agent.sent, sent, 'the agent went on sending');
    // One window of a stream, and what both ends hold on the way.
    assert(sent * 64 <= 4096, `${sent * 64} KiB were sent ahead`);
    assert(agent.heartbeats > heartbeats + 3);
    assert.equal(connection.phase, 'running');
    release();
    await until(() => taken > sent, 'the rest');
  });

  it('connects again after a break, goes on behind the last sequence, and counts what was missed', async () => {
    connect();
    const firsts: boolean[] = [];
    let last = 0n;
    let skipped = 0;
    connection.readFlows(EVERYTHING, (message, first) => {
      if (first) firsts.push(first);
      skipped += Number(message.skippedUpdates);
      last = message.sequence;
    });
    await until(() => last >= 5n, 'flows');
    const phases: string[] = [];
    connection.onChange(() => phases.push(connection.phase));
    agent.breakConnections();
    await until(() => agent.resumed.length === 2, 'a second stream');
    assert((agent.resumed[1] ?? 0n) >= 5n);
    await until(() => connection.phase === 'running', 'running');
    assert(phases.includes('reconnecting'));
    assert.deepEqual(firsts, [true]);
    assert.equal(connection.problem, null);
    const before = last;
    await until(() => last > before, 'more flows');
    await until(() => (connection.ledger?.streamGap ?? 0) >= 3, 'the gap in the ledger');
    assert.equal(connection.ledger?.streamGap, skipped);
  });

  it('starts readers over when another agent process answers', async () => {
    connect();
    let firsts = 0;
    connection.readFlows(EVERYTHING, (_message, first) => {
      if (first) firsts += 1;
    });
    await until(() => firsts === 1, 'flows');
    agent.bootId = 'second';
    agent.breakConnections();
    await until(() => firsts === 2, 'a fresh start');
    assert.deepEqual(agent.resumed, [0n, 0n]);
  });

  it('takes a silent agent for a broken connection', async () => {
    connect();
    await until(() => agent.heartbeats > 1, 'heartbeats');
    agent.answersHeartbeats = false;
    await until(() => connection.phase === 'reconnecting', 'reconnecting');
    agent.answersHeartbeats = true;
    await until(() => connection.phase === 'running', 'running again');
    assert(agent.opened >= 2);
  });

  it('fails at once where no attempt would go better', async () => {
    agent.protocolVersion = PROTOCOL_VERSION - 1;
    connect();
    await until(() => connection.phase === 'failed', 'failed');
    assert.match(connection.problem?.what ?? '', /another version/);
    assert.match(
      connection.problem?.why ?? '',
      new RegExp(`speaks ${PROTOCOL_VERSION - 1}, this extension 0\\.1\\.0 speaks ${PROTOCOL_VERSION}`),
    );
    assert.equal(agent.opened, 1);
    agent.protocolVersion = PROTOCOL_VERSION;
    const { transport, ...rest } = { transport: agent, inventory: EMPTY_INVENTORY };
    const stranger = { token: 'wrong', deployedName: null } as const;
    await connection.close();
    connect({
      ...rest,
      transport: {
        ...stranger,
        open: (signal) => transport.open(signal),
        onEnd: (listener) => transport.onEnd(listener),
        logTail: () => transport.logTail(),
        close: () => transport.close(),
      },
    });
    await until(() => connection.phase === 'failed', 'failed');
    assert.match(connection.problem?.what ?? '', /refuses this session/);
  });

  it('fails with the reason when the agent dies, and does not try again', async () => {
    connect();
    await until(() => connection.phase === 'running', 'running');
    agent.die(DEATH);
    await until(() => connection.phase === 'failed', 'failed');
    assert.equal(connection.problem, DEATH);
    const { opened } = agent;
    await delay(400);
    assert.equal(agent.opened, opened);
  });

  it('pushes the inventory whole after each connection, then its changes', async () => {
    const changes = new Listeners<InventoryChange>();
    const object = (uid: string): InventoryObject => ({ kind: 'Namespace', metadata: { name: uid, uid } });
    const objects = Array.from({ length: 1100 }, (_value, index) => object(String(index)));
    connect({ inventory: { objects: () => objects, onChange: (listener) => changes.add(listener) } });
    await until(() => agent.pushes.length === 3, 'the snapshot');
    assert.deepEqual(
      agent.pushes.map(({ reset, upserts }) => [reset, upserts.length]),
      [
        [true, 500],
        [false, 500],
        [false, 100],
      ],
    );
    changes.emit({ reset: false, upserts: [object('new')], deletedUids: ['7'] });
    await until(() => agent.pushes.length === 4, 'the change');
    assert.deepEqual(agent.pushes[3]?.deletedUids, ['7']);
    assert.deepEqual(agent.pushes[3].upserts, [JSON.stringify(object('new'))]);
    agent.breakConnections();
    await until(() => agent.pushes.length === 7, 'another snapshot');
    assert.equal(agent.pushes[4]?.reset, true);
  });

  it('asks for sockets when it is asked, and says why there are none', async () => {
    connect();
    await assert.rejects(connection.sockets(1), /there is no connection to the agent/);
    await until(() => connection.phase === 'running', 'running');
    assert.deepEqual(await connection.sockets(1), [LISTENER]);
    await assert.rejects(connection.sockets(2), /The sockets cannot be read \(.*\): no such namespace/);
    assert.equal(connection.phase, 'running');
  });

  it('gives a reader back alone, and closes for good', async () => {
    connect();
    let taken = 0;
    const reader = connection.readFlows(EVERYTHING, () => {
      taken += 1;
    });
    await until(() => taken > 2, 'flows');
    reader.dispose();
    await delay(100);
    const before = taken;
    await delay(150);
    assert.equal(taken, before);
    assert.equal(connection.phase, 'running');
    assert.equal(agent.opened, 1);
    await connection.close();
    assert.equal(connection.phase, 'closed');
  });
});
