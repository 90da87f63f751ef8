import { unknownEndpoint } from '../../../src/model/endpoint.ts';
import { create } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { FLOW, FLOW_BITS } from '../../../src/model/flowRecord.ts';
import { FlowRecords } from '../../../src/model/flowRecords.ts';
import { StreamFlowsResponseSchema } from '../../../src/model/wire/generated/vethscope_pb.js';
import { FlowStore } from '../../../src/flows/flowStore.ts';
import { flowUpdateOf } from '../../../src/flows/flowUpdate.ts';
import { IP_PROTOCOL } from '../collector/flowLayout.ts';
import { BOOT, NETNS, TestFlows } from '../flows/flowTable.fixture.ts';
import type { SeenPacket } from '../flows/kernelRecords.fixture.ts';
import { dnsClients } from '../identity/dnsClients.ts';
import type { TestConnection } from '../nat/conntrackRecords.fixture.ts';
import { conntrackBatch, conntrackRecord } from '../nat/conntrackRecords.fixture.ts';
import { FlowReader } from './flowReader.ts';

const CONNECTION: TestConnection = {
  id: 1,
  protocol: IP_PROTOCOL.udp,
  client: { address: '10.244.1.5', port: 40_000 },
  asked: { address: '10.96.0.10', port: 53 },
  server: { address: '10.244.2.9', port: 8053 },
  source: { address: '172.31.0.2', port: 40_000 },
};

function packet(from: TestConnection['client'], to: TestConnection['client'], ifindex: number): SeenPacket {
  const ends = { from: from.address, fromPort: from.port, to: to.address, toPort: to.port };
  return {
    ...ends,
    protocol: IP_PROTOCOL.udp,
    netns: 1,
    ifindex,
    egress: ifindex === 2,
    bytes: 100,
    tcpFlags: 0,
    time: 10,
  };
}

describe('flow reader', () => {
  it('tells of flows that became one: the store then has that one, its translations and the tuple of each sighting', () => {
    const flows = new TestFlows([
      { ifindex: 5, name: 'veth5', role: 'pod-veth' },
      { ifindex: 2, name: 'eth0', role: 'uplink' },
    ]);
    const { client, asked, server, source } = CONNECTION;
    const reader = new FlowReader(flows.table, {
      afterSequence: 0,
      interval: 0,
      target: { podUids: [], namespaces: [] },
    });
    const store = new FlowStore();
    const read = (): void => {
      for (const message of reader.round()) {
        const response = create(StreamFlowsResponseSchema, message);
        store.apply(flowUpdateOf({ agent: 0, reset: false, message: response }));
      }
    };
    flows.tick([packet(client, asked, 5), packet(source, server, 2)], 100);
    read();
    assert.equal(store.size, 2);
    flows.tick([], 200, [conntrackBatch([conntrackRecord(CONNECTION, 'listed')])]);
    read();
    assert.equal(store.size, 1);
    const detail = store.detail(0, 1);
    assert.ok(detail);
    assert.equal(new FlowRecords(detail.record).uint8(0, FLOW.bits) & FLOW_BITS.joined, FLOW_BITS.joined);
    assert.deepEqual(detail.nat, [
      { kind: 'dnat', from: '10.96.0.10:53', to: '10.244.2.9:8053', node: 'node-a', by: null },
      { kind: 'snat', from: '10.244.1.5:40000', to: '172.31.0.2:40000', node: 'node-a', by: null },
    ]);
    const tuples = detail.sightings.map((sighting) => [
      sighting.interface,
      `${sighting.source}:${sighting.sourcePort}`,
      `${sighting.destination}:${sighting.destinationPort}`,
    ]);
    assert.deepEqual(tuples.sort(), [
      ['eth0', '172.31.0.2:40000', '10.244.2.9:8053'],
      ['veth5', '10.244.1.5:40000', '10.96.0.10:53'],
    ]);
    // Once told, it is forgotten, and nothing more comes.
    flows.table.forgetEnded(flows.table.sequence);
    assert.deepEqual(flows.table.absorbed.since(0), []);
    assert.deepEqual([...reader.round()], []);
  });

  it('tells of a name that comes later than its flow', () => {
    const flows = new TestFlows([{ ifindex: 5, name: 'veth5', role: 'pod-veth' }]);
    const { client } = CONNECTION;
    const outside = { address: '100.64.1.7', port: 443 };
    const reader = new FlowReader(flows.table, {
      afterSequence: 0,
      interval: 0,
      target: { podUids: [], namespaces: [] },
    });
    const store = new FlowStore();
    const names = (): unknown => {
      for (const message of reader.round()) {
        const response = create(StreamFlowsResponseSchema, message);
        store.apply(flowUpdateOf({ agent: 0, reset: false, message: response }));
      }
      const { record } = store.detail(0, 1) ?? assert.fail();
      const server = store.endpoints.endpoint(new FlowRecords(record).uint32(0, FLOW.server));
      return [server?.names, server?.evidence, server?.candidates];
    };
    flows.tick([packet(client, outside, 5)], 1000);
    assert.deepEqual(names(), [[], ['none'], []]);
    const [asker] = dnsClients(unknownEndpoint(client.address), NETNS);
    for (const name of ['one.test', 'two.test']) {
      flows.names.add(asker, { address: outside.address, name, from: BOOT, until: BOOT + 30_000 });
    }
    flows.table.nextSequence();
    flows.identity.nameAgain(new Set([outside.address]), BOOT + 1500);
    const both = ['one.test', 'two.test'];
    assert.deepEqual(names(), [both, ['dns'], both]);
  });
});
