import { Code, ConnectError } from '@connectrpc/connect';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { FLOW, FLOW_BITS, SIGHTING } from '../../../src/model/flowRecord.ts';
import { flowJson } from '../flows/flowJson.ts';
import type { Listener } from './listener.ts';
import type { TestClient } from './testClient.fixture.ts';
import { connect, Received } from './testClient.fixture.ts';
import { TestNode, TOKEN } from './testNode.fixture.ts';

const EVERYTHING = { afterSequence: 0n, intervalMilliseconds: 0 };

describe('agent server', () => {
  let node: TestNode;
  let listener: Listener;
  const clients: TestClient[] = [];

  beforeEach(async () => {
    node = new TestNode();
    listener = await node.serve();
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await listener.close();
  });

  function client(token: string | undefined = TOKEN): TestClient['agent'] {
    const made = connect(listener.port, token);
    clients.push(made);
    return made.agent;
  }

  /** Reads until the condition holds. */
  async function readUntil(
    request: Parameters<TestClient['agent']['streamFlows']>[0],
    enough: (received: Received) => boolean,
  ): Promise<Received> {
    const received = new Received();
    const stop = new AbortController();
    try {
      for await (const message of client().streamFlows(request, { signal: stop.signal })) {
        received.take(message);
        if (enough(received)) break;
      }
    } finally {
      stop.abort();
    }
    return received;
  }

  it('gives nothing but "unauthenticated" to a wrong, a missing and a truncated token', async () => {
    for (const token of ['wrong', undefined, TOKEN.slice(1), `${TOKEN}x`]) {
      const refused = (error: unknown): boolean => ConnectError.from(error).code === Code.Unauthenticated;
      const stranger = connect(listener.port, token);
      clients.push(stranger);
      await assert.rejects(stranger.agent.hello({}), refused);
      await assert.rejects(stranger.agent.pushInventory({ reset: true }), refused);
      await assert.rejects(async () => {
        for await (const message of stranger.agent.streamFlows(EVERYTHING)) {
          assert.fail(`got ${message.sequence}`);
        }
      }, refused);
    }
  });

  it('answers unknown routes and methods with 401 as well, and says nothing more', async () => {
    const session = http2.connect(`http://127.0.0.1:${listener.port}`);
    try {
      for (const request of [
        { ':path': '/' },
        { ':path': '/vethscope.v1.AgentService/Nothing' },
        { ':method': 'DELETE' },
      ]) {
        const stream = session.request({ authorization: 'Bearer nobody', ...request });
        const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
        const body = await text(stream);
        assert.equal(headers[':status'], 401);
        assert.equal((JSON.parse(body) as { code: string }).code, 'unauthenticated');
        assert.doesNotMatch(body, /node-a|vethscope/);
      }
    } finally {
      session.destroy();
    }
  });

  it('sends the same figures as the public JSON, with every name once', async () => {
    node.tick([40_001, 40_002]);
    node.tick([40_001]);
    const received = await readUntil(EVERYTHING, ({ records }) => records.size === 2);
    for (const row of node.flows.rows()) {
      const flow = flowJson(node.table, row, 's');
      const record = received.records.get(node.table.idOf(row));
      assert.ok(record);
      assert.equal(record.getFloat64(FLOW.sentPackets, true), flow.sent.packets);
      assert.equal(record.getFloat64(FLOW.sentBytes, true), flow.sent.bytes);
      assert.equal(record.getUint16(FLOW.clientPort, true), flow.client.port);
      assert.equal(record.getUint16(FLOW.serverPort, true), flow.server.port);
      assert.equal(new Date(record.getFloat64(FLOW.start, true)).toISOString(), flow.start);
      assert.equal(received.endpoints.get(record.getUint32(FLOW.client, true)), flow.client.address);
      const sightings = received.sightings.get(node.table.idOf(row)) ?? [];
      assert.equal(sightings.length, record.getUint32(FLOW.sightings, true));
      assert.deepEqual(
        sightings
          .map((view) => [
            received.points.get(view.getUint32(SIGHTING.point, true)),
            received.addresses.get(view.getUint32(SIGHTING.source, true)),
            view.getFloat64(SIGHTING.packets, true),
          ])
          .sort(),
        flow.sightings.map((s) => [`${s.interface} ${s.point}`, s.tuple.source, s.packets]).sort(),
      );
    }
  });

  it('resumes after a sequence with what changed since, and reports what was forgotten meanwhile', async () => {
    node.tick([40_001, 40_002, 40_003]);
    const first = await readUntil(EVERYTHING, ({ records }) => records.size === 3);
    node.tick([40_002]);
    const second = await readUntil(
      { afterSequence: BigInt(first.sequence) },
      ({ records }) => records.size > 0,
    );
    assert.equal(second.records.size, 1);
    node.skip(40_000);
    node.table.forgetEnded(node.table.sequence);
    node.tick([40_004]);
    const third = await readUntil(
      { afterSequence: BigInt(first.sequence) },
      ({ records }) => records.size > 0,
    );
    assert.equal(third.skipped, 3);
    assert.equal(third.records.size, 1);
  });

  it('tells of ended flows with their final figures', async () => {
    node.tick([40_007]);
    const reading = readUntil(EVERYTHING, ({ ended }) => ended.size > 0);
    const timer = setInterval(() => node.skip(31_000), 50);
    const received = await reading;
    clearInterval(timer);
    const [id] = received.ended;
    const record = received.records.get(id ?? 0);
    assert.equal((record?.getUint8(FLOW.bits) ?? 0) & FLOW_BITS.final, FLOW_BITS.final);
    assert.equal(record?.getFloat64(FLOW.sentPackets, true), 1);
  });

  it('sends only the flows of the target', async () => {
    const pod = {
      kind: 'Pod',
      metadata: { name: 'client', namespace: 'shop', uid: 'uid-client' },
      spec: { containers: [{ name: 'main' }] },
      status: { phase: 'Running', podIPs: [{ ip: '10.244.1.5' }], startTime: '2025-12-31T00:00:00Z' },
    };
    const agent = client();
    assert.equal((await agent.pushInventory({ reset: true, upserts: [JSON.stringify(pod)] })).objects, 1);
    node.tick([1, 2]);
    const theirs = await readUntil(
      { target: { podUids: ['uid-client'] } },
      ({ records }) => records.size === 2,
    );
    assert.deepEqual(new Set(theirs.endpoints.values()), new Set(['shop/client', '192.0.2.7']));
    const stop = AbortSignal.timeout(300);
    const received = new Received();
    await assert.rejects(async () => {
      for await (const message of agent.streamFlows(
        { target: { namespaces: ['other'] } },
        { signal: stop },
      )) {
        received.take(message);
        node.tick([1]);
      }
    });
    assert.equal(received.records.size, 0);
  });

  it('names the object of a push that it cannot read', async () => {
    await assert.rejects(
      client().pushInventory({ upserts: ['{"kind":"Pod"}'] }),
      /upserts\[0\].*"metadata" is not/,
    );
    await assert.rejects(client().pushInventory({ upserts: ['{'] }), /upserts\[0\]/);
  });
});

async function text(stream: http2.ClientHttp2Stream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
