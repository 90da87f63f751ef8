import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import type { WebSocket } from 'ws';
import { KubeError } from './errors.ts';
import { openPortForward, type PortForwardOptions } from './portForward.ts';
import { ScriptedApiServer } from './testing/apiServer.ts';

const DATA_PREFIX = Buffer.from([0, 0x40, 0x47]);
const ERROR_PREFIX = Buffer.from([1, 0x40, 0x47]);

describe('port-forward', () => {
  let server: ScriptedApiServer;
  beforeEach(async () => {
    server = await ScriptedApiServer.start();
  });
  afterEach(() => server.close());

  /** Opens a stream; `remote` is the server's end, its prefixes sent unless `bare`. */
  const open = async (
    options: Partial<PortForwardOptions> & { bare?: boolean } = {},
  ): Promise<{ stream: Duplex; remote: WebSocket }> => {
    const accepted = new Promise<WebSocket>((resolve) => {
      server.accept = (socket, url) => {
        assert.equal(url.pathname, '/api/v1/namespaces/shop/pods/web/portforward');
        assert.equal(url.searchParams.get('ports'), '18240');
        if (options.bare !== true) {
          socket.send(DATA_PREFIX);
          socket.send(ERROR_PREFIX);
        }
        resolve(socket);
      };
    });
    const stream = await openPortForward(server.client(), {
      namespace: 'shop',
      pod: 'web',
      port: 18240,
      ...options,
    });
    return { stream, remote: await accepted };
  };
  const failed = async (stream: Duplex): Promise<KubeError> => {
    const [error] = (await once(stream, 'error')) as [unknown];
    assert(error instanceof KubeError, String(error));
    assert.match(error.problem.where, /port 18240 of pod shop\/web/);
    return error;
  };
  const data = (payload: string | Buffer): Buffer => Buffer.concat([Buffer.from([0]), Buffer.from(payload)]);

  it('drops the port number of each channel however the frames are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.array(fc.nat(8), { maxLength: 40 }),
        async (payload, sizes) => {
          const { stream, remote } = await open({ bare: true });
          const bytes = Buffer.concat([Buffer.from([0x40, 0x47]), payload]);
          let at = 0;
          for (const size of [...sizes, bytes.length]) {
            remote.send(data(bytes.subarray(at, at + size)));
            at = Math.min(at + size, bytes.length);
          }
          remote.send(ERROR_PREFIX.subarray(0, 2));
          remote.send(Buffer.from([1, 0x47]));
          remote.close(1000);
          assert.deepEqual(await buffer(stream), Buffer.from(payload));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('sends data on its channel, large writes in pieces', async () => {
    const { stream, remote } = await open();
    const received: Buffer[] = [];
    remote.on('message', (message: Buffer) => received.push(message));
    const payload = Buffer.alloc(200_000, 'x');
    await new Promise((resolve) => stream.write(payload, resolve));
    while (received.length < 4) await delay(5);
    assert(received.every((message) => message[0] === 0 && message.length <= 65_537));
    assert(Buffer.concat(received.map((message) => message.subarray(1))).equals(payload));
    stream.destroy();
  });

  it('stops reading the socket when nobody reads, and loses nothing', async () => {
    const { stream, remote } = await open();
    const piece = Buffer.alloc(64 * 1024, 'y');
    const pieces = 800;
    for (let index = 0; index < pieces; index++) remote.send(data(piece));
    await delay(300);
    // Without back-pressure all 52 MB would have left the sender by now.
    assert(remote.bufferedAmount > 20e6, `only ${remote.bufferedAmount} bytes wait at the sender`);
    assert(stream.readableLength <= 256 * 1024, `${stream.readableLength} bytes are held`);
    remote.on('error', () => {});
    setTimeout(() => remote.close(1000), 0);
    let received = 0;
    for await (const chunk of stream) received += (chunk as Buffer).length;
    assert.equal(received, pieces * piece.length);
  });

  it('makes a writer wait for a peer that does not read', async () => {
    const { stream, remote } = await open();
    remote.pause();
    let written = 0;
    const deadline = Date.now() + 500;
    const piece = Buffer.alloc(256 * 1024);
    while (Date.now() < deadline) {
      const more = stream.write(piece, () => (written += piece.length));
      if (!more) await Promise.race([once(stream, 'drain'), delay(deadline - Date.now())]);
    }
    // The kernel's buffers take some megabytes; the rest waits in the stream.
    assert(stream.writableLength <= 1 << 20, `${stream.writableLength} bytes wait`);
    assert(stream.writableNeedDrain);
    const before = written;
    remote.resume();
    await once(stream, 'drain');
    assert(written > before);
    stream.destroy();
  });

  it('reports what the error channel says', async () => {
    const { stream, remote } = await open();
    remote.send(
      Buffer.concat([Buffer.from([1]), Buffer.from('dial tcp4 127.0.0.1:18240: connection refused')]),
    );
    assert.match((await failed(stream)).problem.why, /connection refused/);
  });

  it('ends when the other side ends, and fails when the connection is torn', async () => {
    const ended = await open();
    ended.remote.send(data('last words'));
    ended.remote.close(1000);
    assert.equal((await buffer(ended.stream)).toString(), 'last words');
    const torn = await open();
    torn.remote.terminate();
    assert.match((await failed(torn.stream)).problem.why, /code 1006/);
    const closed = await open();
    closed.remote.close(1011, 'kubelet is leaving');
    assert.match((await failed(closed.stream)).problem.why, /kubelet is leaving/);
  });

  it('goes on reading after its own end, until the other side ends or is silent', async () => {
    const answering = await open({ lingerMilliseconds: 150 });
    answering.stream.end('question');
    await delay(100);
    answering.remote.send(data('an'));
    await delay(100);
    answering.remote.send(data('swer'));
    assert.equal((await buffer(answering.stream)).toString(), 'answer');
    const silent = await open({ lingerMilliseconds: 50 });
    const closed = once(silent.remote, 'close');
    silent.stream.end();
    silent.stream.resume();
    await closed;
  });

  it('tells the end of its data where the server speaks version 5', async () => {
    server.protocols = ['v5.channel.k8s.io'];
    const { stream, remote } = await open();
    const messages: Buffer[] = [];
    remote.on('message', (message: Buffer) => messages.push(message));
    stream.end('bye');
    while (messages.length < 2) await delay(5);
    assert.deepEqual(messages.at(-1), Buffer.from([255, 0]));
    remote.send(data('reply'));
    remote.send(Buffer.from([255, 0]));
    assert.equal((await buffer(stream)).toString(), 'reply');
  });

  it('pings, and dies when nobody answers; a reader that stalls is not taken for that', async () => {
    const { stream, remote } = await open({ pingMilliseconds: 40 });
    let pings = 0;
    remote.on('ping', () => (pings += 1));
    await delay(300);
    assert(pings >= 4, `${pings} pings`);
    assert(!stream.destroyed);
    // The server's ws answers pings by itself; a paused one does not.
    remote.pause();
    assert.match((await failed(stream)).problem.why, /answers no more/);

    const stalled = await open({ pingMilliseconds: 40 });
    for (let index = 0; index < 200; index++) stalled.remote.send(data(Buffer.alloc(64 * 1024)));
    await delay(400);
    assert(!stalled.stream.destroyed);
    stalled.stream.destroy();
  });

  it('rejects when the upgrade is refused, and ends with its signal', async () => {
    server.accept = null;
    const options = { namespace: 'shop', pod: 'web', port: 18240 };
    await assert.rejects(openPortForward(server.client(), options), /may not create pods\/portforward/);
    const stop = new AbortController();
    stop.abort();
    await assert.rejects(openPortForward(server.client(), { ...options, signal: stop.signal }), KubeError);
  });

  it('carries an HTTP/2 connection with many streams at once', async () => {
    const web = http2.createServer();
    web.on('stream', (request) => {
      request.respond({ ':status': 200 });
      request.pipe(request);
    });
    const { stream, remote } = await open();
    // The remote end of the forward, seen as a socket.
    const socket = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, callback) => remote.send(data(chunk), callback),
    });
    remote.on('message', (message: Buffer) => socket.push(message.subarray(1)));
    web.emit('connection', socket);
    const session = http2.connect('http://forwarded', { createConnection: () => stream });
    const echo = async (text: string): Promise<string> => {
      const request = session.request({ ':method': 'POST', ':path': '/' });
      const answer: Buffer[] = [];
      request.on('data', (chunk: Buffer) => answer.push(chunk));
      request.end(text);
      await once(request, 'end');
      return Buffer.concat(answer).toString();
    };
    const texts = Array.from({ length: 50 }, (_value, index) => String(index).repeat(5000));
    assert.deepEqual(await Promise.all(texts.map(echo)), texts);
    session.destroy();
    stream.destroy();
  });
});
