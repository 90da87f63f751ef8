import assert from 'node:assert/strict';
import type { Flow } from '../../../src/model/flow.ts';
import { IP_PROTOCOL } from '../collector/flowLayout.ts';
import { DnsHistory } from '../dns/dnsHistory.ts';
import { BOOT, TestFlows } from '../flows/flowTable.fixture.ts';
import type { SeenPacket } from '../flows/kernelRecords.fixture.ts';
import { conntrackBatch, conntrackRecord } from '../nat/conntrackRecords.fixture.ts';
import { FlowPrinter } from './flowPrinter.ts';

/** More than one piece of output, so that the reader is waited for in the middle. */
const FLOWS = 600;
const PACKETS: readonly SeenPacket[] = Array.from({ length: FLOWS }, (_, number) => ({
  from: '10.244.1.5',
  fromPort: 10_000 + number,
  to: '192.0.2.7',
  toPort: 53,
  protocol: IP_PROTOCOL.udp,
  netns: 1,
  ifindex: 5,
  egress: false,
  bytes: 100,
  tcpFlags: 0,
  time: 10,
}));

const topology = { node: 'node', kernel: '6.18', sysctls: {}, namespaces: [] };

describe('flow printer', () => {
  it('prints a flow that ends while the reader is waited for once, when only ends are printed', async () => {
    const flows = new TestFlows([{ ifindex: 5, name: 'veth5', role: 'pod-veth' }]);
    const lines: string[] = [];
    let ended = false;
    const output = {
      write: (text: string) => {
        lines.push(...text.split('\n').filter(Boolean));
      },
      flush: () => {
        if (!ended) flows.tracker.endAll(BOOT + 1000);
        ended = true;
        return Promise.resolve();
      },
    };
    const observation = {
      table: flows.table,
      dns: new DnsHistory(),
      samples: { taken: [] },
      topology,
      stopped: false,
    };
    const printer = new FlowPrinter(observation, output, {
      output: 'jsonl',
      final: true,
      dns: false,
      samples: false,
      paths: false,
      interfaceViews: false,
    });
    flows.tick(PACKETS, 500);
    await printer.print();
    await printer.print();
    const printed = lines.map((line) => (JSON.parse(line) as Flow).client.port);
    assert.equal(printed.length, FLOWS);
    assert.equal(new Set(printed).size, FLOWS);
  });

  it('says which flow has the figures of one that was printed before it became part of that', async () => {
    const flows = new TestFlows([{ ifindex: 5, name: 'veth5', role: 'pod-veth' }]);
    const lines: string[] = [];
    const output = {
      write: (text: string) => {
        lines.push(...text.split('\n').filter(Boolean));
      },
      flush: () => Promise.resolve(),
    };
    const observation = {
      table: flows.table,
      dns: new DnsHistory(),
      samples: { taken: [] },
      topology,
      stopped: false,
    };
    const printer = new FlowPrinter(observation, output, {
      output: 'jsonl',
      final: false,
      dns: false,
      samples: false,
      paths: false,
      interfaceViews: false,
    });
    const [packet] = PACKETS;
    assert.ok(packet);
    const server = { address: '10.244.1.6', port: 5353 };
    flows.tick([packet, { ...packet, to: server.address, toPort: server.port, egress: true }], 500);
    await printer.print();
    const client = { address: packet.from, port: packet.fromPort };
    const asked = { address: packet.to, port: packet.toPort };
    const connection = { id: 1, protocol: IP_PROTOCOL.udp, client, asked, server, source: client };
    flows.tick([], 600, [conntrackBatch([conntrackRecord(connection, 'listed')])]);
    await printer.print();
    const [first, second, absorbed, joined, ...more] = lines.map(
      (line) => JSON.parse(line) as Flow & { absorbed?: string; into?: string },
    );
    assert.deepEqual(absorbed, { absorbed: second?.id, into: first?.id });
    assert.deepEqual([joined?.id, joined?.nat.length], [first?.id, 1]);
    assert.deepEqual(more, []);
  });
});
