import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import { KubeError } from './errors.ts';
import { execInPod } from './exec.ts';
import { ScriptedApiServer } from './testing/apiServer.ts';
import { packFiles, readFolder, uploadFiles, type UploadFile } from './upload.ts';

const POD = { namespace: 'shop', pod: 'web', container: 'agent' } as const;
const SUCCESS = JSON.stringify({ status: 'Success' });
const exited = (code: number): string =>
  JSON.stringify({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  });
const channel = (number: number, text: string): Buffer => Buffer.from([number, ...Buffer.from(text)]);

describe('exec and upload', () => {
  let server: ScriptedApiServer;
  let folder = '';
  beforeEach(async () => {
    server = await ScriptedApiServer.start();
    folder = mkdtempSync(join(tmpdir(), 'vethscope-upload-'));
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await server.close();
  });

  /** Runs the command on this machine, as a kubelet would in the container. */
  const runHere = (socket: WebSocket, url: URL): void => {
    const [command = '', ...rest] = url.searchParams.getAll('command');
    const child = spawn(command, rest);
    socket.on('message', (message: Buffer) => {
      if (message[0] === 0) child.stdin.write(message.subarray(1));
    });
    socket.on('close', () => child.kill());
    child.stdin.on('error', () => {});
    child.stdout.on('data', (chunk: Buffer) => socket.send(Buffer.concat([Buffer.from([1]), chunk])));
    child.stderr.on('data', (chunk: Buffer) => socket.send(Buffer.concat([Buffer.from([2]), chunk])));
    child.on('close', (code) => {
      socket.send(channel(3, code === 0 ? SUCCESS : exited(code ?? 137)));
      socket.close(1000);
    });
  };

  it('gives output, errors and exit code', async () => {
    server.accept = runHere;
    const run = (script: string): ReturnType<typeof execInPod> =>
      execInPod(server.client(), { ...POD, command: ['sh', '-c', script] });
    assert.deepEqual(await run('echo out; echo err >&2'), { exitCode: 0, output: 'out\n', errors: 'err\n' });
    assert.equal((await run('exit 7')).exitCode, 7);
    assert.equal(server.requests.length, 0);
  });

  it('copies files whole, with their modes, and the marker last', async () => {
    server.accept = runHere;
    const big = randomBytes(3_000_001);
    const files: UploadFile[] = [
      { name: 'agent.cjs', content: Buffer.from('code'), mode: 0o644 },
      { name: 'deep/er/lib.so', content: big, mode: 0o755 },
      { name: 'token', content: Buffer.from('secret'), mode: 0o600 },
      { name: 'empty', content: Buffer.alloc(0), mode: 0o644 },
    ];
    const target = join(folder, 'to');
    const progress: number[] = [];
    await uploadFiles(server.client(), {
      ...POD,
      folder: target,
      files,
      marker: 'complete',
      onProgress: (sent) => progress.push(sent),
    });
    for (const { name, content, mode } of files) {
      assert(readFileSync(join(target, name)).equals(content), name);
      assert.equal(statSync(join(target, name)).mode & 0o777, mode, name);
    }
    assert.equal(statSync(join(target, 'complete')).size, 0);
    assert(progress.length > 50 && progress[0] === 0);
    assert.deepEqual(
      progress,
      [...progress].sort((a, b) => a - b),
    );
  });

  it('names what is missing in the image', async () => {
    server.accept = (socket) => {
      socket.send(channel(2, 'sh: tar: not found\n'));
      socket.send(channel(3, exited(127)));
      socket.close(1000);
    };
    const options = { ...POD, folder, files: [], marker: 'm' };
    await assert.rejects(
      uploadFiles(server.client(), options),
      /sh: tar: not found.*vethscope\.agent\.image/,
    );
    server.accept = (socket) => {
      const message = 'OCI runtime exec failed: exec: "sh": executable file not found in $PATH';
      socket.send(channel(3, JSON.stringify({ status: 'Failure', reason: 'InternalError', message })));
      socket.close(1000);
    };
    await assert.rejects(uploadFiles(server.client(), options), /"sh": executable file not found/);
  });

  it('fails when the connection ends without an exit code', async () => {
    server.accept = (socket) => socket.terminate();
    const options = { ...POD, folder, files: [], marker: 'm' };
    await assert.rejects(
      uploadFiles(server.client(), options),
      (error) => error instanceof KubeError && error.problem.kind === 'unreachable',
    );
  });

  it('ends with its signal and leaves no marker', async () => {
    server.accept = runHere;
    const stop = new AbortController();
    const target = join(folder, 'to');
    const upload = uploadFiles(server.client(), {
      ...POD,
      folder: target,
      files: [{ name: 'big', content: randomBytes(8 << 20), mode: 0o644 }],
      marker: 'complete',
      onProgress: (sent) => {
        if (sent > 1 << 20) stop.abort();
      },
      signal: stop.signal,
    });
    await assert.rejects(upload, (error) => error instanceof KubeError && error.problem.kind === 'cancelled');
    assert.throws(() => statSync(join(target, 'complete')));
  });

  it('reads a folder with its subfolders, and packs what tar understands', async () => {
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'a'), 'A', { mode: 0o640 });
    writeFileSync(join(folder, 'sub', 'b'), 'B', { mode: 0o700 });
    const files = [...(await readFolder(folder))].sort((a, b) => a.name.localeCompare(b.name));
    assert.deepEqual(
      files.map(({ name, mode }) => [name, mode]),
      [
        ['a', 0o644],
        ['sub/b', 0o755],
      ],
    );
    const listing = execFileSync('tar', ['-tf', '-'], { input: await packFiles(files), encoding: 'utf8' });
    assert.equal(listing, 'a\nsub/b\n');
  });
});
