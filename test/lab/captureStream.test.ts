/** Captures that a served agent streams, against tshark's own capture and what the kernel's counters say. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestClient } from '../../agent/src/server/testClient.fixture.ts';
import { connect } from '../../agent/src/server/testClient.fixture.ts';
import type { CaptureResponse } from '../../src/model/wire/generated/vethscope_pb.js';
import type { Topology } from '../../src/model/topology.ts';
import { delay, run, until } from './commands.ts';
import { Lab } from './lab.ts';
import { portOf, serveArguments, TOKEN } from './servedAgent.ts';
import { exchange, ping, sendDatagrams, serve } from './traffic.ts';
import { objectsOf } from './truth/kernelPrograms.ts';
import { PacketCounters } from './truth/packetCounters.ts';
import { Sniffer } from './truth/sniffer.ts';

/** The whole frame, as a sum of it. */
const FIELDS = ['frame.len', 'frame.md5_hash'] as const;
const MD5 = ['-o', 'frame.generate_md5_hash:TRUE'];

type Request = Parameters<TestClient['agent']['capture']>[0];

describe('a capture of a served agent', function () {
  this.timeout(90_000);
  let lab: Lab;
  let agent: ChildProcess;
  let client: TestClient;
  let netns: bigint;
  let veth: string;

  before(async () => {
    lab = await Lab.build();
    await serve(lab, lab.placeOf(lab.pod('web-1')), 8080, 8053);
    ping(lab, lab.placeOf(lab.pod('client')), lab.pod('web-1').addresses.ipv4, 1);
    await lab.settle();
    veth = lab.pod('client').hostInterface ?? '';
    agent = spawn(process.execPath, serveArguments(lab), { stdio: ['ignore', 'pipe', 'inherit'] });
    client = connect(await portOf(agent), TOKEN);
    netns = BigInt((await topology()).namespaces[0]?.inode ?? 0);
  });

  after(async () => {
    client.close();
    const exited = once(agent, 'exit');
    agent.kill();
    await exited;
    await lab.close();
  });

  async function topology(): Promise<Topology> {
    for await (const { topologyJson } of client.agent.streamTopology({})) {
      return JSON.parse(topologyJson) as Topology;
    }
    throw new Error('the agent told no topology');
  }

  /** A capture whose messages are read as they come. */
  class Running {
    readonly id: string;
    readonly messages: CaptureResponse[] = [];
    readonly over: Promise<void>;
    readonly #leave = new AbortController();

    constructor(id: string, request: Request) {
      this.id = id;
      this.over = this.#read({ id, netns, interfaces: [veth], ...request });
    }

    /** Resolves once packets are taken. */
    async begun(): Promise<this> {
      await Promise.race([
        this.over,
        until('the capture to begin', 20, () => (this.messages.length > 0 ? true : null)),
      ]);
      return this;
    }

    async end(): Promise<void> {
      await client.agent.endCapture({ id: this.id });
      await this.over;
    }

    /** As a reader that goes without a word. */
    leave(): void {
      this.#leave.abort();
    }

    get last(): CaptureResponse {
      const last = this.messages.at(-1);
      assert.ok(last);
      return last;
    }

    file(): string {
      const path = join(lab.folder, `${this.id}.pcapng`);
      writeFileSync(path, Buffer.concat(this.messages.map(({ pcapng }) => pcapng)));
      return path;
    }

    async #read(request: Request): Promise<void> {
      try {
        for await (const message of client.agent.capture(request, { signal: this.#leave.signal })) {
          this.messages.push(message);
        }
      } catch (error) {
        if (!this.#leave.signal.aborted) throw error;
      }
    }
  }

  /** What tshark reads of a file; it ends with another code than 0 where the file is not whole. */
  function read(file: string): string[][] {
    const columns = FIELDS.flatMap((field) => ['-e', field]);
    return run('tshark', ['-n', '-r', file, ...MD5, '-T', 'fields', ...columns])
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }

  const packets = ({ counts }: CaptureResponse): number => Number(counts?.packets);

  function traffic(): void {
    const place = lab.placeOf(lab.pod('client'));
    const web = lab.pod('web-1').addresses.ipv4;
    exchange(lab, place, { address: web, port: 8080 }, { send: 300_000, receive: 100_000 });
    const datagrams = { address: web, port: 8053, count: 100, size: 700, localPort: 41_000, echo: true };
    sendDatagrams(lab, place, datagrams);
    ping(lab, place, web, 3);
  }

  it('has the packets that tshark has of the same interface, byte for byte', async () => {
    const sniffer = await Sniffer.start(lab.plan.node.netns, [veth], 'ip', FIELDS, MD5);
    // ARP is no IP packet; tshark leaves it out by its filter.
    const capture = await new Running('whole', { protocols: [1, 6, 17] }).begun();
    traffic();
    const truth = await sniffer.end();
    await capture.end();
    const rows = read(capture.file());
    assert.ok(truth.length > 200);
    // Two CPUs take turns, so that neighbours may change places.
    const text = (of: string[][]): string[] => of.map((row) => row.join(' ')).sort();
    assert.deepEqual(text(rows), text(truth));
    const { counts, ended } = capture.last;
    assert.deepEqual(
      [ended, Number(counts?.packets), counts?.lost, counts?.truncated],
      ['asked', truth.length, 0n, 0n],
    );
  });

  it('takes packets inside a pod’s namespace, and those of a port alone', async () => {
    const { namespaces } = await topology();
    const inside = namespaces.find(({ pod }) => pod?.name === 'client');
    assert.ok(inside);
    const request = { netns: BigInt(inside.inode), interfaces: ['eth0'], ports: [8053] };
    const capture = await new Running('inside', request).begun();
    traffic();
    await capture.end();
    const ports = ['-e', 'udp.srcport', '-e', 'udp.dstport'];
    const rows = run('tshark', ['-n', '-r', capture.file(), '-T', 'fields', ...ports])
      .trim()
      .split('\n');
    assert.equal(rows.length, 200);
    assert.deepEqual([...new Set(rows)].sort(), ['41000\t8053', '8053\t41000']);
  });

  it('is a whole file wherever its reader leaves, and takes its programs along', async () => {
    const before = objectsOf(agent.pid ?? 0).links.length;
    const capture = await new Running('left', {}).begun();
    assert.ok(objectsOf(agent.pid ?? 0).links.length > before);
    const enough = until('packets', 20, () => (packets(capture.last) > 50 ? true : null));
    traffic();
    await enough;
    capture.leave();
    await capture.over;
    assert.equal(capture.last.ended, '');
    const file = capture.file();
    assert.equal(read(file).length, packets(capture.last));
    assert.match(
      run('capinfos', ['-c', '-M', file]),
      new RegExp(`Number of packets:\\s+${packets(capture.last)}$`, 'm'),
    );
    await until('the programs to go', 20, () =>
      objectsOf(agent.pid ?? 0).links.length === before ? true : null,
    );
  });

  it('ends by itself at a number of packets, of bytes, or of seconds', async () => {
    const captures = [
      await new Running('packets', { mostPackets: 17n }).begun(),
      await new Running('bytes', { mostBytes: 30_000n }).begun(),
      await new Running('seconds', { mostSeconds: 1 }).begun(),
    ];
    traffic();
    await Promise.all(captures.map(({ over }) => over));
    const [few, small] = captures;
    assert.ok(few && small);
    assert.deepEqual(
      captures.map(({ last }) => last.ended),
      ['packets', 'bytes', 'seconds'],
    );
    assert.deepEqual([read(few.file()).length, few.last.counts?.lost], [17, 0n]);
    assert.equal(read(small.file()).length, packets(small.last));
    // What is not packets is the names of interfaces and their counters.
    const bytes = statSync(small.file()).size;
    assert.ok(bytes > 1000 && bytes < 30_000 + 500, `${bytes} bytes`);
  });

  it('says what is wrong where there is no such interface', async () => {
    await assert.rejects(new Running('none', { interfaces: ['veth-none'] }).over, /no interface veth-none/);
    await assert.rejects(new Running('nowhere', { netns: 1n }).over, /namespace 1 is gone/);
  });

  it('counts every packet that a stalled reader cannot take', async () => {
    const counters = new PacketCounters(lab.plan.node.netns, 'stalled', [veth], { all: 'meta l4proto tcp' });
    const stop = new AbortController();
    const request = { id: 'stalled', netns, interfaces: [veth], protocols: [6] };
    const stream = client.agent.capture(request, { signal: stop.signal })[Symbol.asyncIterator]();
    const first = await stream.next();
    assert.ok(first.done !== true);
    const address = lab.pod('web-1').addresses.ipv4;
    const place = lab.placeOf(lab.pod('client'));
    exchange(lab, place, { address, port: 8080 }, { send: 90_000_000, receive: 1000 });
    await delay(500);
    const ended = client.agent.endCapture({ id: 'stalled' });
    const blocks = [first.value.pcapng];
    let last: CaptureResponse | undefined;
    for (let next = await stream.next(); next.done !== true; next = await stream.next()) {
      last = next.value;
      blocks.push(last.pcapng);
    }
    await ended;
    const passed = counters.read();
    counters.close();
    const [kept, lost] = [Number(last?.counts?.packets), Number(last?.counts?.lost)];
    assert.ok(lost > 0, `${kept} kept, none lost`);
    const [ingress, egress] = (['ingress', 'egress'] as const).map(
      (direction) => passed.of('all', veth, direction).packets,
    );
    assert.equal(kept + lost, (ingress ?? 0) + (egress ?? 0));
    const file = join(lab.folder, 'stalled.pcapng');
    writeFileSync(file, Buffer.concat(blocks));
    assert.equal(read(file).length, kept);
    console.log(`      ${kept} packets kept, ${lost} lost and counted`);
  });
});
