import assert from 'node:assert/strict';
import { IP_PROTOCOL } from '../collector/flowLayout.ts';
import { TestFlows } from '../flows/flowTable.fixture.ts';
import { conntrackBatch, conntrackRecord } from '../nat/conntrackRecords.fixture.ts';
import { AnsweredNames } from './answeredNames.ts';
import { answer as answerOf, dnsEvent, question } from './dnsEvents.fixture.ts';
import { DnsIntake } from './dnsIntake.ts';
import { dnsJson } from './exchange.ts';

const SECOND = 1e9;

/** @param time nanoseconds */
function event(data: Buffer, time: number, fromClient: boolean, netns = 1): Buffer {
  const asking = { from: '10.244.1.5', fromPort: 5000, to: '10.244.1.6', netns };
  return dnsEvent(data, time, asking, fromClient);
}

function answer(id: number, name: string): Buffer {
  return answerOf(id, name, [{ type: 'A', name, ttl: 5, data: '192.0.2.1' }]);
}

describe('DnsIntake', () => {
  let intake: DnsIntake;

  beforeEach(() => {
    const { table, names } = new TestFlows([]);
    const named = new AnsweredNames(table, names, () => undefined);
    intake = new DnsIntake(table, (nanoseconds) => nanoseconds / 1e6, named);
  });

  it('matches by flow, id and name, whatever the case, and tells the exact time between the two', () => {
    intake.add([event(question(7, 'Shop.Test'), SECOND, true)], SECOND);
    intake.add([event(answer(8, 'shop.test'), SECOND + 1000, false)], SECOND);
    intake.add([event(answer(7, 'other.test'), SECOND + 2000, false)], SECOND);
    intake.add([event(answer(7, 'shop.test'), SECOND + 1_234_000, false)], SECOND);
    const { exchanges } = intake.history.since(0);
    assert.equal(exchanges.length, 1);
    assert.deepEqual(
      [exchanges[0]?.name, exchanges[0]?.latencyUs, exchanges[0]?.client.port],
      ['Shop.Test', 1234, 5000],
    );
    intake.end();
    assert.equal(intake.counts.unmatched, 2);
    const json = JSON.parse(JSON.stringify(dnsJson(exchanges[0] ?? assert.fail(), 's'))) as object;
    assert.deepEqual(Object.keys(json), ['dns']);
  });

  it('matches an answer that is seen with the address of the backend, once the connection is known', () => {
    const flows = new TestFlows([{ ifindex: 5, name: 'veth5', role: 'pod-veth' }]);
    const named = new AnsweredNames(flows.table, flows.names, () => undefined);
    const service = new DnsIntake(flows.table, (nanoseconds) => nanoseconds / 1e6, named);
    const [client, asked, server] = ['10.244.1.5', '10.96.0.10', '10.244.1.6'];
    const end = (address: string, port = 53): { address: string; port: number } => ({ address, port });
    const from = end(client, 5000);
    const connection = { id: 1, client: from, source: from, asked: end(asked), server: end(server) };
    const packet = { fromPort: 5000, toPort: 53, protocol: IP_PROTOCOL.udp, netns: 1, ifindex: 5 };
    const seen = { ...packet, from: client, to: asked, egress: false, bytes: 60, tcpFlags: 0, time: 1000 };
    const translated = conntrackRecord({ ...connection, protocol: IP_PROTOCOL.udp }, 'created');
    const back = { from: client, fromPort: 5000, netns: 1 };
    const events = [
      dnsEvent(question(7, 'a.test'), SECOND, { ...back, to: asked }, true),
      dnsEvent(answer(7, 'a.test'), SECOND + 1000, { ...back, to: server }, false),
      // Another server's answer to the same client is none.
      dnsEvent(answer(7, 'a.test'), SECOND + 900, { ...back, to: '10.244.1.7' }, false),
    ];
    flows.tick([seen], 1000);
    service.add(events, SECOND);
    assert.equal(service.history.sequence, 0);
    flows.tick([], 1500, [conntrackBatch([translated])]);
    service.add([], 1.5 * SECOND);
    const { exchanges } = service.history.since(0);
    assert.deepEqual(
      exchanges.map(({ name, rcode, latencyUs }) => [name, rcode, latencyUs]),
      [['a.test', 'NOERROR', 1]],
    );
    service.add([], 7 * SECOND);
    assert.equal(service.counts.unmatched, 1);
  });

  it('tells an exchange of two namespaces once', () => {
    const both = (data: Buffer, time: number, fromClient: boolean): Buffer[] => [
      event(data, time, fromClient, 1),
      event(data, time + 5000, fromClient, 2),
    ];
    intake.add(
      [...both(question(7, 'a.test'), SECOND, true), ...both(answer(7, 'a.test'), SECOND, false)],
      SECOND,
    );
    assert.equal(intake.history.sequence, 1);
    assert.deepEqual([intake.counts.messages, intake.counts.duplicates, intake.counts.unmatched], [4, 1, 0]);
  });

  it('tells a question without an answer after 5 s, and counts what is malformed', () => {
    intake.add(
      [event(question(7, 'a.test'), SECOND, true), event(Buffer.alloc(12), SECOND, true)],
      5.9 * SECOND,
    );
    assert.equal(intake.history.sequence, 0);
    intake.add([event(question(8, 'b.test').subarray(0, 15), SECOND, true)], 6.1 * SECOND);
    const [exchange] = intake.history.since(0).exchanges;
    assert.deepEqual([exchange?.name, exchange?.rcode, exchange?.latencyUs], ['a.test', null, null]);
    assert.equal(intake.counts.malformed, 2);
  });
});
