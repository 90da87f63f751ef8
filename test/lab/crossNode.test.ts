/**
 * Two nodes, each with an agent of its own, read by the extension's connection into its store: one row a connection,
 * with both nodes' sightings, counted once as the client's socket has it.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { FlowStore } from '../../src/flows/flowStore.ts';
import { flowUpdateOf } from '../../src/flows/flowUpdate.ts';
import type { ShownRow } from '../../src/flows/testing/crossNode.ts';
import { shownRows } from '../../src/flows/testing/crossNode.ts';
import { silentLog } from '../../src/kube/log.ts';
import { FLOW } from '../../src/model/flowRecord.ts';
import { AgentConnection } from '../../src/session/agentConnection.ts';
import { inventoryFile } from '../../src/session/inventorySource.ts';
import type { Transport } from '../../src/session/transport.ts';
import { delay, runIn, until } from './commands.ts';
import { Lab } from './lab.ts';
import type { Place } from './lab.ts';
import type { SecondNode } from './secondNode.ts';
import { addSecondNode } from './secondNode.ts';
import { portOf, serveArguments, TOKEN } from './servedAgent.ts';
import { exchange, hold, ping, sendDatagrams, serve } from './traffic.ts';
import type { HeldConnection } from './traffic.ts';
import { tcpSocket } from './truth/tcpSockets.ts';
import type { TcpSocketFacts } from './truth/tcpSockets.ts';

const BYTES = { send: 200_000, receive: 50_000 };
const DATAGRAMS = { count: 40, size: 100, echo: true, localPort: 42_004 };
const PINGS = 3;
const SHORT = 20;
/** Ethernet, IPv4 and TCP without and with all options. */
const HEADERS = { least: 14 + 20 + 20, most: 14 + 20 + 60 };

/** One agent with the extension's connection to it. */
interface Observer {
  readonly process: ChildProcess;
  readonly connection: AgentConnection;
}

interface Case {
  readonly connection: HeldConnection;
  readonly facts: TcpSocketFacts;
  readonly client: string;
  readonly server: string;
  readonly service: string | null;
  readonly nat: readonly string[];
}

describe('connections between two observed nodes', () => {
  let lab: Lab;
  let other: SecondNode;
  const store = new FlowStore();
  const observers: Observer[] = [];
  const cases = new Map<string, Case>();

  before(async function () {
    this.timeout(120_000);
    lab = await Lab.build();
    other = addSecondNode(lab);
    const [client, web] = [lab.placeOf(lab.pod('client')), lab.placeOf(lab.pod('web-1'))];
    const [far, farHost] = [lab.placeOf(other.pod), lab.placeOf(other.hostPod)];
    await serve(lab, web, 8080, 8053);
    await serve(lab, far, 8080, 8053);
    await serve(lab, farHost, 9000, 9001);
    const farAddress = other.pod.addresses.ipv4;
    // Neighbours are learned before anything is counted.
    ping(lab, client, farAddress, 1);
    ping(lab, client, other.address, 1);
    await lab.settle();
    runIn(lab.plan.node.netns, 'conntrack', ['-D', '-p', 'icmp']);
    observers.push(await observe(0, lab.plan.node.name, lab.plan.node.netns));
    observers.push(await observe(1, other.name, other.netns));
    await until(
      'both agents',
      20,
      () => observers.every(({ connection }) => connection.clock !== null) || null,
    );
    observeNodes();

    const keep = async (
      name: string,
      place: Place,
      to: { address: string; port: number },
      expected: Omit<Case, 'connection' | 'facts'>,
    ): Promise<void> => {
      const connection = await hold(lab, place, to, BYTES);
      // The last acknowledgement may be delayed.
      await delay(300);
      cases.set(name, { connection, facts: tcpSocket(place.netns, connection.localPort), ...expected });
    };
    const plain = { service: null, nat: [] };
    await keep(
      'pod to pod',
      client,
      { address: farAddress, port: 8080 },
      { client: 'client', server: 'far-1', ...plain },
    );
    await keep(
      'pod to pod, the other way',
      far,
      { address: lab.pod('web-1').addresses.ipv4, port: 8080 },
      { client: 'far-1', server: 'web-1', ...plain },
    );
    await keep(
      'Service with its backend on the other node',
      client,
      { address: other.service.address, port: 80 },
      {
        client: 'client',
        server: 'far-1',
        service: 'far',
        nat: [`dnat ${other.service.address}:80 ${farAddress}:8080`],
      },
    );
    await keep(
      'hostNetwork to hostNetwork',
      lab.placeOf(lab.hostNetworkPod),
      { address: other.address, port: 9000 },
      {
        client: lab.hostNetworkPod.name,
        server: 'far-exporter',
        ...plain,
      },
    );
    await keep(
      'pod to hostNetwork, masqueraded',
      client,
      { address: other.address, port: 9000 },
      {
        client: 'client',
        server: 'far-exporter',
        service: null,
        nat: ['masquerade'],
      },
    );
    for (let short = 0; short < SHORT; short += 1) {
      exchange(lab, client, { address: farAddress, port: 8080 }, { send: 100, receive: 100 });
    }
    sendDatagrams(lab, client, { ...DATAGRAMS, address: farAddress, port: 8053 });
    ping(lab, client, farAddress, PINGS);
    await delay(1500);
  });

  after(async () => {
    for (const { connection, process: agent } of observers) {
      await connection.close();
      await end(agent);
    }
    await lab.close();
  });

  async function observe(agent: number, name: string, netns: string): Promise<Observer> {
    const args = serveArguments(lab, ['--node', name, '--interval', '100'], {
      netns,
      inventory: other.inventory,
    });
    const served = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const port = await portOf(served);
    const connection = new AgentConnection({
      transport: transportTo(port),
      inventory: await inventoryFile(other.inventory),
      version: '0',
      where: name,
      log: silentLog,
      heartbeatMilliseconds: 200,
    });
    connection.open();
    connection.readFlows({ podUids: [], namespaces: [] }, (message, reset) =>
      store.apply(flowUpdateOf({ agent, reset, message })),
    );
    return { process: served, connection };
  }

  function observeNodes(): void {
    const nodes = [lab.plan.node.name, other.name];
    store.observe(
      observers.map(({ connection }, agent) => ({
        agent,
        node: nodes[agent] ?? '',
        clock: connection.clock,
      })),
    );
  }

  const nodesOf = ({ sightings }: ShownRow): string[] => [
    ...new Set(sightings.map((sighting) => sighting.split(' ')[0] ?? '')),
  ];
  const rowsFrom = (port: number): ShownRow[] =>
    shownRows(store).filter(({ clientPort }) => clientPort === port);

  it('are one row each, with both nodes’ sightings', () => {
    for (const [name, { connection }] of cases) {
      const rows = rowsFrom(connection.localPort);
      assert.equal(rows.length, 1, `${name}: ${rows.length} rows`);
      assert.deepEqual(rows.flatMap(nodesOf), [lab.plan.node.name, other.name], name);
    }
  });

  it('have the names that the sockets’ own nodes know', () => {
    console.log(`      ${'case'.padEnd(44)} client → server, Service`);
    for (const [name, { connection, client, server, service, nat }] of cases) {
      const [row] = rowsFrom(connection.localPort);
      assert.ok(row);
      console.log(`      ${name.padEnd(44)} ${row.client} → ${row.server}, ${row.service ?? '–'}`);
      assert.deepEqual(
        [row.client, row.server, row.service, row.certain],
        [client, server, service, true],
        name,
      );
      assert.equal(row.nat.length, nat.length, name);
      row.nat.forEach((translation, index) =>
        assert.ok(translation.startsWith(nat[index] ?? ''), translation),
      );
    }
  });

  it('count once what the client’s socket sent and received, within headers', () => {
    console.log(`      ${'case'.padEnd(44)} socket’s bytes and segments, row’s bytes and packets`);
    for (const [name, { connection, facts }] of cases) {
      const slots = store.picture(0);
      const slot = Array.from({ length: slots.slots }, (_, index) => index).find(
        (index) =>
          slots.states[index] !== 0 && slots.records.uint16(index, FLOW.clientPort) === connection.localPort,
      );
      assert.ok(slot !== undefined);
      const field = (offset: number): number => slots.records.float64(slot, offset);
      const sent = { packets: field(FLOW.sentPackets), bytes: field(FLOW.sentBytes) };
      const received = { packets: field(FLOW.receivedPackets), bytes: field(FLOW.receivedBytes) };
      console.log(
        `      ${name.padEnd(44)} ${facts.bytesSent} in ${facts.segmentsOut}, ${facts.bytesReceived} in ${facts.segmentsIn}: ` +
          `${sent.bytes} in ${sent.packets}, ${received.bytes} in ${received.packets}`,
      );
      assert.deepEqual([sent.packets, received.packets], [facts.segmentsOut, facts.segmentsIn], name);
      for (const [counted, payload] of [
        [sent, facts.bytesSent],
        [received, facts.bytesReceived],
      ] as const) {
        const headers = counted.bytes - payload;
        assert.ok(headers >= counted.packets * HEADERS.least, `${name}: ${headers} bytes of headers`);
        assert.ok(headers <= counted.packets * HEADERS.most, `${name}: ${headers} bytes of headers`);
      }
    }
  });

  it('are as many rows as there were connections, short ones, datagrams and echoes too', () => {
    const rows = shownRows(store).filter(({ client, server }) => client === 'client' && server === 'far-1');
    const held = new Set([...cases.values()].map(({ connection }) => connection.localPort));
    const short = rows.filter(({ serverPort, clientPort }) => serverPort === 8080 && !held.has(clientPort));
    assert.equal(short.length, SHORT);
    for (const row of short) assert.equal(nodesOf(row).length, 2);
    const datagrams = rows.filter(({ clientPort }) => clientPort === DATAGRAMS.localPort);
    assert.equal(datagrams.length, 1);
    assert.equal(datagrams.flatMap(nodesOf).length, 2);
    // What is left are the two held ones and the echo requests.
    assert.equal(rows.length, SHORT + 1 + 2 + 1);
  });

  it('stay one row each while an agent starts anew, and one without an agent is said to be unobserved', async function () {
    this.timeout(60_000);
    const [, second] = observers;
    assert.ok(second);
    await second.connection.close();
    await end(second.process);
    store.observe([{ agent: 0, node: lab.plan.node.name, clock: null }]);
    const held = cases.get('pod to pod');
    assert.ok(held);
    const detail = (): ReturnType<FlowStore['detail']> => {
      const { slots, records, states } = store.picture(0);
      for (let slot = 0; slot < slots; slot++) {
        if (states[slot] === 0 || records.uint16(slot, FLOW.clientPort) !== held.connection.localPort) {
          continue;
        }
        return store.detail(records.uint32(slot, FLOW.agent), records.uint32(slot, FLOW.id));
      }
      return null;
    };
    assert.deepEqual(detail()?.unobserved, [other.name]);
    observers[1] = await observe(1, other.name, other.netns);
    await until(
      'the new agent',
      20,
      () => observers.every(({ connection }) => connection.clock !== null) || null,
    );
    observeNodes();
    const before = rowsFrom(held.connection.localPort).map(({ sentBytes }) => sentBytes);
    await held.connection.close();
    // FIN and the last acknowledgement, as both agents see them.
    const points = (): number =>
      rowsFrom(held.connection.localPort).flatMap(({ sightings }) =>
        sightings.filter((sighting) => sighting.startsWith(other.name)),
      ).length;
    await until('both agents of the second node', 10, () => points() === 8 || null);
    const rows = rowsFrom(held.connection.localPort);
    assert.equal(rows.length, 1);
    const last = (rows[0]?.sentBytes ?? 0) - (before[0] ?? 0);
    assert.ok(last > 0 && last < 300, `${last} bytes more`);
    assert.deepEqual(detail()?.unobserved, []);
  });
});

function transportTo(port: number): Transport {
  return {
    token: TOKEN,
    deployedName: null,
    open: async (signal) => {
      const socket = net.connect(port, '127.0.0.1');
      await once(socket, 'connect', { signal });
      return socket;
    },
    onEnd: () => ({ dispose: () => {} }),
    logTail: () => Promise.resolve(''),
    close: () => Promise.resolve(),
  };
}

async function end(agent: ChildProcess): Promise<void> {
  if (agent.exitCode !== null) return;
  agent.kill('SIGTERM');
  await once(agent, 'exit');
}
