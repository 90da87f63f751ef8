import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { once } from 'node:events';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Problem } from '../../kube/errors.ts';
import { Listeners, type Disposable } from '../../kube/listeners.ts';
import { PROTOCOL_VERSION } from '../../model/protocolVersion.ts';
import type { SocketEntry } from '../../model/topology.ts';
import {
  AgentService,
  type CaptureRequest,
  type PushInventoryRequest,
} from '../../model/wire/generated/vethscope_pb.js';
import type { Transport } from '../transport.ts';

/** The one socket of its namespace 1. */
export const LISTENER: SocketEntry = {
  ...{ protocol: 'tcp', local: '0.0.0.0:80', remote: '0.0.0.0:0', state: 'listen' },
  ...{ cgroup: null, pod: null, container: null },
};

/** An agent whose conduct is the test's; the wire is the real one. */
export class FakeAgent implements Transport {
  readonly token = 'the-token';
  readonly deployedName = null;
  protocolVersion: number = PROTOCOL_VERSION;
  bootId = 'first';
  /** Heartbeats are answered; false: they hang. */
  answersHeartbeats = true;
  /** Of its clock, milliseconds. */
  ahead = 0;
  opened = 0;
  closed = 0;
  heartbeats = 0;
  readonly pushes: PushInventoryRequest[] = [];
  /** afterSequence of each flow stream. */
  readonly resumed: bigint[] = [];
  /** Flow messages that the wire took. */
  sent = 0;
  flowMilliseconds = 10;
  #sequence = 0n;
  /** What it told of in all streams, as the real agent's ledger has it. */
  #streamGap = 0;
  readonly #captures = new Map<string, AbortController>();
  readonly #server: http2.Http2Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #ends = new Listeners<Problem>();

  private constructor() {
    const service: ServiceImpl<typeof AgentService> = {
      hello: () => ({
        protocolVersion: this.protocolVersion,
        agentVersion: '9.9',
        node: 'node-a',
        kernel: '6.18',
        bootId: this.bootId,
        checks: [],
      }),
      pushInventory: (request) => {
        this.pushes.push(request);
        return { objects: request.upserts.length };
      },
      heartbeat: async ({ sequence }, { signal }) => {
        this.heartbeats += 1;
        if (!this.answersHeartbeats) await delay(60_000, undefined, { signal });
        return { sequence, agentTimeMilliseconds: Date.now() + this.ahead };
      },
      streamFlows: (request, { signal }) => this.#flows(request.afterSequence, signal),
      streamTopology: async function* (_request, { signal }) {
        yield { sequence: 1n, topologyJson: JSON.stringify({ node: 'node-a', namespaces: [] }) };
        await delay(600_000, undefined, { signal });
      },
      streamDns: async function* (_request, { signal }) {
        yield { sequence: 0n };
        await delay(600_000, undefined, { signal });
      },
      listSockets: ({ netns }) => {
        if (netns !== 1n) throw new ConnectError('no such namespace', Code.NotFound);
        return { socketsJson: JSON.stringify([LISTENER]) };
      },
      capture: (request, { signal }) => this.#capture(request, signal),
      endCapture: ({ id }) => {
        this.#captures.get(id)?.abort();
        return {};
      },
      streamLedger: (_request, { signal }) => this.#ledgers(signal),
    };
    const handler = connectNodeAdapter({ routes: (router) => router.service(AgentService, service) });
    this.#server = http2.createServer((request, response) => {
      if (request.headers.authorization === `Bearer ${this.token}`) {
        handler(request, response);
        return;
      }
      response.writeHead(401, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ code: Code[Code.Unauthenticated].toLowerCase(), message: 'wrong token' }),
      );
    });
    this.#server.on('connection', (socket: net.Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('session', (session) => session.on('error', () => session.destroy()));
  }

  static async start(): Promise<FakeAgent> {
    const agent = new FakeAgent();
    agent.#server.listen(0, '127.0.0.1');
    await once(agent.#server, 'listening');
    return agent;
  }

  /** One packet a message of 100 bytes, until it is ended. */
  async *#capture({ id, interfaces }: CaptureRequest, signal: AbortSignal): AsyncGenerator<object> {
    if (interfaces.includes('none')) throw new ConnectError('no such interface', Code.FailedPrecondition);
    const ended = new AbortController();
    this.#captures.set(id, ended);
    let packets = 0n;
    for (; !ended.signal.aborted && !signal.aborted; packets += 1n) {
      yield { pcapng: new Uint8Array(100), counts: { packets, truncated: 0n, lost: 3n } };
      await delay(5);
    }
    yield { counts: { packets, truncated: 0n, lost: 3n }, ended: 'asked' };
  }

  async *#ledgers(signal: AbortSignal): AsyncGenerator<object> {
    for (;;) {
      yield { ledgerJson: JSON.stringify({ seen: 5, streamGap: this.#streamGap }) };
      await delay(20, undefined, { signal });
    }
  }

  async *#flows(after: bigint, signal: AbortSignal): AsyncGenerator<object> {
    this.resumed.push(after);
    // What happened while the reader was away is counted as missed.
    let skippedUpdates = after === 0n ? 0n : this.#sequence - after + 3n;
    this.#streamGap += Number(skippedUpdates);
    while (!signal.aborted) {
      this.#sequence += 1n;
      yield { sequence: this.#sequence, flows: new Uint8Array(64 * 1024), skippedUpdates };
      skippedUpdates = 0n;
      this.sent += 1;
      await delay(this.flowMilliseconds, undefined, { signal });
    }
  }

  async open(signal: AbortSignal): Promise<Duplex> {
    this.opened += 1;
    const socket = net.connect((this.#server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect', { signal });
    return socket;
  }

  onEnd(listener: (problem: Problem) => void): Disposable {
    return this.#ends.add(listener);
  }

  /** The agent dies: connections break, and its host says why. */
  die(problem: Problem): void {
    this.breakConnections();
    this.#ends.emit(problem);
  }

  breakConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  logTail(): Promise<string> {
    return Promise.resolve('last line of the log');
  }

  async close(): Promise<void> {
    this.closed += 1;
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.breakConnections();
    await closed;
  }
}
