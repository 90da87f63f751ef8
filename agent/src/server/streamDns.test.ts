import assert from 'node:assert/strict';
import type { StreamDnsResponse } from '../../../src/model/wire/generated/vethscope_pb.js';
import type { DnsExchange } from '../dns/exchange.ts';
import type { Listener } from './listener.ts';
import type { TestClient } from './testClient.fixture.ts';
import { connect } from './testClient.fixture.ts';
import { TestNode, TOKEN } from './testNode.fixture.ts';

function exchange(name: string, uid: string): DnsExchange {
  const end = {
    kind: 'pod' as const,
    namespace: 'shop',
    name: uid,
    uid,
    container: null,
    workload: null,
    node: null,
    address: '10.244.1.5',
    names: [],
    evidence: ['pod-ip' as const],
    candidates: [],
    port: 5000,
  };
  const facts = { protocol: 'udp' as const, type: 'A', rcode: null, latencyUs: null, answers: [], flow: 3 };
  return { time: 1, client: end, server: { ...end, uid: 'uid-dns', port: 53 }, name, ...facts };
}

describe('StreamDns', () => {
  let node: TestNode;
  let listener: Listener;
  let client: TestClient;

  beforeEach(async () => {
    node = new TestNode();
    listener = await node.serve();
    client = connect(listener.port, TOKEN);
  });

  afterEach(async () => {
    client.close();
    await listener.close();
  });

  /** Reads until so many exchanges have come. */
  async function read(
    request: Parameters<TestClient['agent']['streamDns']>[0],
    count: number,
    opened: () => void = () => undefined,
  ): Promise<{ names: string[]; missed: number; last: StreamDnsResponse | undefined }> {
    const stop = new AbortController();
    const names: string[] = [];
    let missed = 0;
    let last: StreamDnsResponse | undefined;
    for await (const message of client.agent.streamDns(request, { signal: stop.signal })) {
      if (last === undefined) opened();
      last = message;
      missed += Number(message.missed);
      names.push(...message.exchanges.map(({ name }) => name));
      if (names.length >= count) break;
    }
    stop.abort();
    return { names, missed, last };
  }

  it('sends what is kept and then what is new, of the target, and says what was missed', async () => {
    // Four are kept.
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) node.dns.add(exchange(name, `uid-${name}`));
    assert.deepEqual(await read({ afterSequence: 4n }, 2).then(({ names }) => names), ['e', 'f']);
    const all = await read({}, 5, () => {
      node.dns.add(exchange('g', 'uid-g'));
      node.tick([]);
    });
    assert.deepEqual([all.names.at(-1), all.missed + all.names.length], ['g', 7]);
    const { names, last } = await read({ target: { podUids: ['uid-e'], namespaces: [] } }, 1);
    assert.deepEqual(names, ['e']);
    const [sent] = last?.exchanges ?? [];
    assert.deepEqual(
      [sent?.client?.uid, sent?.serverPort, sent?.rcode, sent?.latencyMicroseconds, sent?.flow],
      ['uid-e', 53, undefined, undefined, 3],
    );
  });
});
