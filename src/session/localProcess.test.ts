import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KubeError, type Problem } from '../kube/errors.ts';
import { silentLog } from '../kube/log.ts';
import { startLocalAgent, type LocalProcessOptions } from './localProcess.ts';
import type { Transport } from './transport.ts';

/** An echo server that keeps its token and arguments in a file. */
const ECHO = `
const token = require('node:fs').readFileSync(0, 'utf8').trim();
require('node:fs').writeFileSync(__dirname + '/seen', JSON.stringify({ token, arguments: process.argv.slice(2) }));
const server = require('node:net').createServer((socket) => {
  socket.on('error', () => {});
  socket.pipe(socket);
}).listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
process.on('SIGTERM', () => { console.error('leaving'); process.exit(0); });
`;

describe('local agent process', () => {
  let folder = '';
  let started: Transport | null = null;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vethscope-local-'));
  });
  afterEach(async () => {
    await started?.close();
    started = null;
    rmSync(folder, { recursive: true });
  });

  const start = async (program: string, options: Partial<LocalProcessOptions> = {}): Promise<Transport> => {
    const file = join(folder, 'agent.cjs');
    writeFileSync(file, program);
    started = await startLocalAgent({
      local: { name: 'lab', netns: '/run/netns/lab' },
      program: file,
      log: silentLog,
      signal: new AbortController().signal,
      platform: 'linux',
      userId: 0,
      ...options,
    });
    return started;
  };
  const failure = async (program: string, options: Partial<LocalProcessOptions> = {}): Promise<string> => {
    const error: unknown = await start(program, options).then(
      () => assert.fail('it started'),
      (reason: unknown) => reason,
    );
    assert(error instanceof KubeError, String(error));
    assert.equal(error.problem.kind, 'local');
    assert.match(error.problem.where, /local target "lab"/);
    return error.message;
  };

  it('gets its token on standard input and tells its port', async () => {
    const agent = await start(ECHO);
    const connection = await agent.open(AbortSignal.timeout(5000));
    connection.write('hello');
    const [answer] = (await once(connection, 'data')) as [Buffer];
    assert.equal(answer.toString(), 'hello');
    connection.destroy();
    const seen = JSON.parse(readFileSync(join(folder, 'seen'), 'utf8')) as {
      token: string;
      arguments: string[];
    };
    assert.equal(seen.token, agent.token);
    const common = ['serve', '--listen', '127.0.0.1:0', '--token-file', '-', '--node', 'lab'];
    assert.deepEqual(seen.arguments, [...common, '--netns', '/run/netns/lab']);
    assert(agent.token.length >= 32);
  });

  it('replays a recorded session anywhere, as anyone', async () => {
    await start(ECHO, { local: { name: 'lab', recording: '/r.jsonl' }, platform: 'darwin', userId: 501 });
    const seen = JSON.parse(readFileSync(join(folder, 'seen'), 'utf8')) as { arguments: string[] };
    assert.deepEqual(seen.arguments.slice(-2), ['--replay', '/r.jsonl']);
  });

  it('needs Linux and root for real packets', async () => {
    assert.match(await failure(ECHO, { platform: 'darwin' }), /need Linux.*this machine runs darwin/);
    assert.match(await failure(ECHO, { userId: 1000 }), /need root.*as root/);
  });

  it('says why it did not start', async () => {
    const dies = 'console.error("no BTF: use a newer kernel"); process.exit(4);';
    assert.match(await failure(dies), /no BTF: use a newer kernel \(exit code 4\)/);
    assert.match(
      await failure('console.log("hello"); setInterval(() => {}, 1000);'),
      /printed "hello" instead/,
    );
    const silent = 'setInterval(() => {}, 1000);';
    assert.match(await failure(silent, { startMilliseconds: 300 }), /no port within 300 ms/);
    const signal = AbortSignal.timeout(200);
    await assert.rejects(start(silent, { signal }));
  });

  it('tells when it ended by itself, with its last words, and not when it was closed', async () => {
    const ends: Problem[] = [];
    const dying = `${ECHO} setTimeout(() => { console.error('out of memory'); process.exit(7); }, 300);`;
    (await start(dying)).onEnd((problem) => ends.push(problem));
    while (ends.length === 0) await delay(10);
    assert.match(ends[0]?.why ?? '', /out of memory \(exit code 7\)/);
    assert.equal(ends.length, 1);
    const closed = await start(ECHO);
    closed.onEnd((problem) => ends.push(problem));
    await closed.close();
    await delay(50);
    assert.equal(ends.length, 1);
    await assert.rejects(closed.open(AbortSignal.timeout(1000)), KubeError);
  });

  it('is killed when it does not leave', async function () {
    this.timeout(10_000);
    const stubborn = ECHO.replace(/process\.on.*/, "process.on('SIGTERM', () => {});");
    const agent = await start(stubborn);
    const before = Date.now();
    await agent.close();
    assert(Date.now() - before < 6000);
    await assert.rejects(agent.open(AbortSignal.timeout(1000)), KubeError);
  });
});
