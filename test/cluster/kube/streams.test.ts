import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster as ConnectedCluster } from '../../../src/kube/cluster.ts';
import { execInPod } from '../../../src/kube/exec.ts';
import { openPortForward } from '../../../src/kube/portForward.ts';
import { uploadFiles } from '../../../src/kube/upload.ts';
import { useCluster } from '../sharedCluster.ts';
import {
  connect,
  kubeconfigAs,
  makeNamespace,
  runProgram,
  waitReady,
  type TestNamespace,
} from './support.ts';

const MEGABYTE = 1 << 20;
/** 7001 sends back, 7002 sends without end and counts, 7003 tells that count, 7004 answers after the other's end. */
const PROGRAM = `
const net = require('node:net');
const listen = (port, serve) => net.createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => {});
  serve(socket);
}).listen(port, '127.0.0.1');
let sent = 0;
listen(7001, (socket) => socket.pipe(socket));
listen(7002, async (socket) => {
  const chunk = Buffer.alloc(65536, 'z');
  while (!socket.destroyed) {
    const full = !socket.write(chunk);
    sent += chunk.length;
    if (full) await new Promise((resolve) => { socket.once('drain', resolve); socket.once('close', resolve); });
  }
});
listen(7003, (socket) => socket.end(String(sent)));
listen(7004, (socket) => socket.once('data', () => setTimeout(() => socket.end('answer'), 300)));
`;

describe('port-forward, exec and upload on a cluster', function () {
  this.timeout(120_000);
  const cluster = useCluster();
  let connected: ConnectedCluster;
  let namespace: TestNamespace;
  before(async () => {
    connected = await connect(await kubeconfigAs(cluster()));
    namespace = await makeNamespace(cluster());
    await runProgram(cluster(), namespace.name, 'streams', PROGRAM, { nodeName: 'node-b' });
    await waitReady(cluster(), namespace.name, 'streams');
  });
  after(async () => {
    connected.dispose();
    await namespace.remove();
  });

  const forward = (port: number): Promise<Duplex> =>
    openPortForward(connected.api, { namespace: namespace.name, pod: 'streams', port });
  const sentByPod = async (): Promise<number> => {
    let text = '';
    for await (const chunk of await forward(7003)) text += String(chunk);
    return Number(text);
  };

  it('carries 50 MB both ways without a wrong byte', async () => {
    const stream = await forward(7001);
    const total = 50 * MEGABYTE;
    const sent = createHash('sha256');
    const received = createHash('sha256');
    const started = performance.now();
    const reading = (async () => {
      let bytes = 0;
      for await (const chunk of stream) {
        received.update(chunk as Buffer);
        bytes += (chunk as Buffer).length;
        if (bytes >= total) return bytes;
      }
      return bytes;
    })();
    for (let bytes = 0; bytes < total;) {
      const chunk = randomBytes(Math.min(1 + Math.floor(Math.random() * 200_000), total - bytes));
      sent.update(chunk);
      bytes += chunk.length;
      if (!stream.write(chunk)) await once(stream, 'drain');
    }
    assert.equal(await reading, total);
    assert.equal(received.digest('hex'), sent.digest('hex'));
    const seconds = (performance.now() - started) / 1000;
    console.log(`      50 MB each way in ${seconds.toFixed(1)} s, ${(100 / seconds).toFixed(0)} MB/s`);
    stream.destroy();
  });

  it('holds back a pod that sends without end to a reader that does not read', async () => {
    const stream = await forward(7002);
    await once(stream, 'readable');
    const resident = process.memoryUsage().rss;
    await delay(3000);
    const first = await sentByPod();
    await delay(3000);
    const second = await sentByPod();
    const grown = (process.memoryUsage().rss - resident) / MEGABYTE;
    console.log(
      `      ${(second / MEGABYTE).toFixed(1)} MB left the pod, ${(stream.readableLength / 1024).toFixed(0)} KiB held here, memory ${grown.toFixed(1)} MB more`,
    );
    assert.equal(second, first, 'the pod went on sending');
    assert(stream.readableLength <= MEGABYTE);
    assert(grown < 40, `${grown} MB`);
    // And on again when somebody reads.
    let read = 0;
    for await (const chunk of stream) {
      read += (chunk as Buffer).length;
      if (read > second + 20 * MEGABYTE) break;
    }
    assert((await sentByPod()) > second);
  });

  it('gets the answer that comes after its own end', async () => {
    const stream = await forward(7004);
    stream.end('question');
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    assert.equal(text, 'answer');
  });

  it('reports a port nobody listens on', async () => {
    const stream = await forward(7999);
    const [error] = (await once(stream, 'error')) as [Error];
    assert.match(error.message, /port-forward broke \(port 7999 of pod .*connection refused/);
  });

  it('copies 20 MB whole', async () => {
    const content = randomBytes(20 * MEGABYTE + 17);
    const target = { namespace: namespace.name, pod: 'streams', container: 'main' };
    const started = performance.now();
    await uploadFiles(connected.api, {
      ...target,
      folder: '/tmp/upload',
      files: [
        { name: 'big', content, mode: 0o644 },
        { name: 'in/a/folder', content: Buffer.from('small'), mode: 0o600 },
      ],
      marker: 'complete',
    });
    console.log(`      20 MB copied in ${(performance.now() - started).toFixed(0)} ms`);
    const script = 'sha256sum /tmp/upload/big; stat -c %a /tmp/upload/in/a/folder; ls /tmp/upload';
    const { output } = await execInPod(connected.api, { ...target, command: ['sh', '-c', script] });
    const [sum, mode, ...names] = output.trim().split('\n');
    assert.equal(sum?.split(' ')[0], createHash('sha256').update(content).digest('hex'));
    assert.deepEqual([mode, names], ['600', ['big', 'complete', 'in']]);
  });

  it('gives the exit code of a command, and says when it cannot start', async () => {
    const target = { namespace: namespace.name, pod: 'streams', container: 'main' };
    const result = await execInPod(connected.api, {
      ...target,
      command: ['sh', '-c', 'echo no >&2; exit 9'],
    });
    assert.deepEqual([result.exitCode, result.errors], [9, 'no\n']);
    await assert.rejects(
      execInPod(connected.api, { ...target, command: ['no-such-program'] }),
      /no-such-program/,
    );
  });
});
