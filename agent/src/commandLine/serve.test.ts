import { Code, ConnectError } from '@connectrpc/connect';
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { FLOW } from '../../../src/model/flowRecord.ts';
import type { Ledger } from '../../../src/model/ledger.ts';
import { PROTOCOL_VERSION } from '../../../src/model/protocolVersion.ts';
import type { Topology } from '../../../src/model/topology.ts';
import { headerLine } from '../server/recording.ts';
import { connect, Received } from '../server/testClient.fixture.ts';
import { isPayloadBuilt } from '../payload.fixture.ts';
import { skipWithout } from '../skip.fixture.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const TOKEN = 'f'.repeat(32);

/** A namespace of its own with nothing but loopback in it; all processes of the test run inside. */
class TestNamespace {
  readonly name = `vs-serve-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;

  constructor() {
    execFileSync('ip', ['netns', 'add', this.name]);
    execFileSync('ip', ['-n', this.name, 'link', 'set', 'lo', 'up']);
  }

  /** Adds a veth pair; both ends stay here. */
  addVeth(): void {
    execFileSync('ip', ['-n', this.name, 'link', 'add', 'late0', 'type', 'veth', 'peer', 'name', 'late1']);
  }

  spawn(command: string, args: readonly string[]): ChildProcess {
    return spawn('ip', ['netns', 'exec', this.name, command, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  }

  remove(): void {
    execFileSync('ip', ['netns', 'del', this.name]);
  }
}

interface Served {
  readonly child: ChildProcess;
  readonly port: number;
  messages(): string;
}

/** @returns once it has printed its port */
async function serve(child: ChildProcess): Promise<Served> {
  let messages = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (messages += text));
  assert.ok(child.stdout);
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, port: (JSON.parse(line) as { port: number }).port, messages: () => messages };
  }
  throw new Error(`serve ended: ${messages}`);
}

describe('vethscope-agent serve', function () {
  this.timeout(40_000);
  let folder: string;
  let tokenFile: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'vethscope-serve-'));
    tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, `${TOKEN}\n`);
  });

  after(() => rmSync(folder, { recursive: true }));

  it('refuses to listen anywhere but on loopback', async () => {
    const recording = join(folder, 'empty.jsonl');
    writeFileSync(recording, headerLine('n', 'k', 0));
    const args = [MAIN, 'serve', '--token-file', tokenFile, '--replay', recording, '--listen'];
    for (const address of ['0.0.0.0:0', '[::]:0', '127.0.0.1', '192.0.2.1:80']) {
      const child = spawn(process.execPath, [...args, address], { stdio: ['ignore', 'ignore', 'pipe'] });
      let messages = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (messages += text));
      const [status] = (await once(child, 'exit')) as [number];
      assert.equal(status, 1);
      assert.match(messages, /is not a loopback address with a port/);
    }
  });

  it('serves a recording without addon or root, and leaves when nobody comes', async () => {
    const recording = join(folder, 'empty.jsonl');
    const options = ['--token-file', tokenFile, '--replay', recording, '--first-client-timeout', '1'];
    const child = spawn(process.execPath, [MAIN, 'serve', ...options], {
      env: { ...process.env, VETHSCOPE_PAYLOAD: '/nonexistent' },
    });
    const served = await serve(child);
    const [status] = (await once(child, 'exit')) as [number];
    assert.equal(status, 0);
    assert.match(served.messages(), /no client came within 1 s: detached and leaving\n$/);
  });

  it('observes real packets, keeps its own connection out, follows interfaces and leaves without a heartbeat', async function () {
    if (!isPayloadBuilt() || process.getuid?.() !== 0) skipWithout(this, 'addon for root');
    const namespace = new TestNamespace();
    const recording = join(folder, 'session.jsonl');
    const options = [
      '--token-file',
      tokenFile,
      '--heartbeat-timeout',
      '2',
      '--interval',
      '100',
      '--record',
      recording,
    ];
    const agent = namespace.spawn(process.execPath, [MAIN, 'serve', ...options, '--netns', namespace.name]);
    // The agent listens on loopback of its own namespace, as in a pod: a forwarder inside brings us there.
    let forwarder: Forwarder | undefined;
    try {
      const served = await serve(agent);
      forwarder = await Forwarder.into(namespace, served.port);
      const client = connect(forwarder.port, TOKEN);
      const stranger = connect(forwarder.port, 'e'.repeat(32));
      await assert.rejects(
        stranger.agent.hello({}),
        (error) => ConnectError.from(error).code === Code.Unauthenticated,
      );
      stranger.close();
      const hello = await client.agent.hello({ protocolVersion: PROTOCOL_VERSION });
      assert.ok(hello.checks.some(({ name, available }) => name === 'btf' && available));
      namespace.addVeth();
      execFileSync('ip', ['netns', 'exec', namespace.name, process.execPath, '-e', SENDER]);
      const received = new Received();
      for await (const message of client.agent.streamFlows({})) {
        received.take(message);
        if ([...received.records.values()].some((record) => record.getUint16(FLOW.serverPort, true) === 9)) {
          break;
        }
      }
      const datagrams = [...received.records.values()].find(
        (record) => record.getUint16(FLOW.serverPort, true) === 9,
      );
      assert.equal(datagrams?.getFloat64(FLOW.sentPackets, true), 5);
      assert.equal(datagrams.getFloat64(FLOW.sentBytes, true), 5 * (14 + 20 + 8 + 4));
      for (const record of received.records.values()) {
        assert.notEqual(record.getUint16(FLOW.serverPort, true), served.port);
      }
      await checkLedgerAndTopology(client.agent);
      client.close();
      const [status] = (await once(agent, 'exit')) as [number];
      assert.equal(status, 0);
      assert.match(served.messages(), /no heartbeat for 2 s: detached and leaving\n$/);
      assert.match(
        readFileSync(recording, 'utf8'),
        /^\{"format":"vethscope-session"[^\n]*\n[^]*"flows"[^]*"ledger"/,
      );
    } finally {
      forwarder?.close();
      agent.kill('SIGKILL');
      namespace.remove();
    }
  });
});

async function checkLedgerAndTopology(agent: ReturnType<typeof connect>['agent']): Promise<void> {
  for await (const { ledgerJson } of agent.streamLedger({ intervalMilliseconds: 200 })) {
    const ledger = JSON.parse(ledgerJson) as Ledger;
    if (ledger.own === 0) continue;
    assert.equal(ledger.folded, 0);
    break;
  }
  for await (const { topologyJson } of agent.streamTopology({})) {
    const topology = JSON.parse(topologyJson) as Topology;
    const late = topology.namespaces[0]?.interfaces.find(({ name }) => name === 'late0');
    if (late?.attached !== true) continue;
    assert.equal(late.peer?.name, 'late1');
    break;
  }
}

/** Sends five datagrams of four bytes to the discard port, where nobody listens. */
const SENDER = `
const socket = require('node:dgram').createSocket('udp4');
let left = 5;
const send = () => left-- > 0 ? socket.send('data', 9, '127.0.0.1', send) : socket.close();
send();`;

/** Carries one local port's connections to a port inside the namespace. */
class Forwarder {
  readonly #server = createServer();
  port = 0;

  static async into(namespace: TestNamespace, port: number): Promise<Forwarder> {
    const forwarder = new Forwarder();
    forwarder.#server.on('connection', (socket) => {
      const carrier = namespace.spawn(process.execPath, ['-e', CARRIER, String(port)]);
      assert.ok(carrier.stdin && carrier.stdout);
      socket.pipe(carrier.stdin);
      carrier.stdout.pipe(socket);
      socket.on('error', () => carrier.kill());
      socket.on('close', () => carrier.kill());
      carrier.stdin.on('error', () => socket.destroy());
    });
    forwarder.#server.listen(0, '127.0.0.1');
    await once(forwarder.#server, 'listening');
    const address = forwarder.#server.address();
    assert.ok(typeof address === 'object' && address !== null);
    forwarder.port = address.port;
    return forwarder;
  }

  close(): void {
    this.#server.close();
  }
}

const CARRIER = `
const socket = require('node:net').connect(Number(process.argv[1]), '127.0.0.1');
process.stdin.pipe(socket); socket.pipe(process.stdout);`;
