/** What naming and joining cost the agent for each flow across NAT, with a large inventory, in one process without I/O. */
import { BOOT, TestFlows } from '../../agent/src/flows/flowTable.fixture.ts';
import type { SeenPacket } from '../../agent/src/flows/kernelRecords.fixture.ts';
import { drainOf } from '../../agent/src/flows/kernelRecords.fixture.ts';
import type { TestConnection } from '../../agent/src/nat/conntrackRecords.fixture.ts';
import { conntrackBatch, conntrackRecord } from '../../agent/src/nat/conntrackRecords.fixture.ts';
import { figure, median } from './figures.ts';
import type { Figure } from './figures.ts';
import { largeInventory, podAddress, PODS, serviceAddress, SERVICES } from './largeInventory.ts';

const FLOWS = 100_000;
/** New connections of one interval, at 5,000 a second. */
const INTERVAL_FLOWS = 5000;
const AIM = 10;
const TCP = 6;
const SYN = 2;

export function measureJoin(): Promise<Figure[]> {
  const flows = new TestFlows(
    [
      { ifindex: 5, name: 'veth5', role: 'pod-veth' },
      { ifindex: 2, name: 'eth0', role: 'uplink' },
    ],
    { maxFlows: 2.5 * FLOWS, translations: 65_536 },
  );
  flows.inventory.update({ reset: true, upserts: largeInventory(), deletedUids: [] }, BOOT);
  const opening: number[] = [];
  const updating: number[] = [];
  for (let first = 0; first < FLOWS; first += INTERVAL_FLOWS) {
    const connections = Array.from({ length: INTERVAL_FLOWS }, (_, index) => connectionOf(first + index));
    const records = conntrackBatch(connections.map((one) => conntrackRecord(one, 'created')));
    const drain = drainOf(connections.flatMap((one) => packetsOf(one, SYN, first)));
    opening.push(microseconds(() => flows.feed(drain, first + 1, 0, [records])));
    updating.push(microseconds(() => flows.feed(drain, first + 2, 0)));
  }
  if (flows.table.size !== FLOWS) throw new Error(`${flows.table.size} flows of ${FLOWS} connections`);
  const perFlow = (times: readonly number[]): number => median(times.slice(-5)) / INTERVAL_FLOWS;
  const [opened, updated] = [perFlow(opening), perFlow(updating)];
  const aim = `<= ${AIM} µs`;
  const what = `agent, a flow through a Service seen as two tuples, ${FLOWS} flows, ${PODS} pods, ${SERVICES} Services`;
  return Promise.resolve([
    figure(`${what}: new, named and joined`, `${opened.toFixed(1)} µs`, aim, opened <= AIM),
    figure(`${what}: an update`, `${updated.toFixed(1)} µs`, aim, updated <= AIM),
  ]);
}

/** CPU time of this process. */
function microseconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function connectionOf(index: number): TestConnection {
  const client = { address: podAddress(index % PODS), port: 30_000 + Math.floor(index / PODS) };
  return {
    id: index + 1,
    protocol: TCP,
    client,
    asked: { address: serviceAddress(index % SERVICES), port: 80 },
    server: { address: podAddress((index * 7 + 1) % PODS), port: 8080 },
    source: client,
  };
}

function packetsOf({ client, asked, server }: TestConnection, tcpFlags: number, time: number): SeenPacket[] {
  const seen = (to: typeof asked, ifindex: number, egress: boolean): SeenPacket => ({
    from: client.address,
    fromPort: client.port,
    to: to.address,
    toPort: to.port,
    protocol: TCP,
    netns: 1,
    ifindex,
    egress,
    bytes: 74,
    tcpFlags,
    time,
  });
  return [seen(asked, 5, false), seen(server, 2, true)];
}
