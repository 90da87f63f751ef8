import { readFile, readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { ApiClient } from './client.ts';
import { KubeError } from './errors.ts';
import { execInPod } from './exec.ts';

export interface UploadFile {
  /** Relative, with slashes. */
  readonly name: string;
  readonly content: Buffer;
  readonly mode: number;
}

export interface UploadOptions {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Created when absent. */
  readonly folder: string;
  readonly files: readonly UploadFile[];
  /** An empty file made in the folder after everything else is in place. */
  readonly marker: string;
  readonly onProgress?: (sent: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

const CHUNK_BYTES = 32 * 1024;

/** Every file under a folder; executable ones stay so, the rest may be read by all. */
export async function readFolder(folder: string): Promise<readonly UploadFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const executable = ((await stat(path)).mode & 0o111) !== 0;
      const name = relative(folder, path).split(sep).join('/');
      return { name, content: await readFile(path), mode: executable ? 0o755 : 0o644 };
    }),
  );
}

/** The files as one tar archive, in memory: a payload is some megabytes, and its length has to be known beforehand. */
export async function packFiles(files: readonly UploadFile[]): Promise<Buffer> {
  const archive = pack();
  const bytes = buffer(archive);
  for (const { name, content, mode } of files) {
    archive.entry({ name, mode, size: content.length, uid: 0, gid: 0, mtime: new Date(0) }, content);
  }
  archive.finalize();
  return bytes;
}

/**
 * Copies files into a container with its `sh`, `head` and `tar`, and resolves when tar has ended well and the marker is
 * there. `head` counts the bytes, so that the end of the archive is known without closing the connection.
 * @throws KubeError
 */
export async function uploadFiles(client: ApiClient, options: UploadOptions): Promise<void> {
  const { namespace, pod, container, folder, marker, onProgress, signal } = options;
  const archive = await packFiles(options.files);
  const script = 'umask 077; mkdir -p "$1" && head -c "$2" | tar -xpf - -C "$1" && : > "$1/$3"';
  const result = await execInPod(client, {
    namespace,
    pod,
    container,
    command: ['sh', '-c', script, 'upload', folder, String(archive.length), marker],
    input: Readable.from(chunks(archive, onProgress), { objectMode: true, highWaterMark: 1 }),
    signal,
  });
  if (result.exitCode === 0) return;
  throw new KubeError({
    kind: 'agent',
    what: 'The agent could not be copied into its pod',
    where: `pod ${namespace}/${pod}`,
    why: result.errors.trim() === '' ? `exit code ${result.exitCode}` : result.errors.trim(),
    next: 'Use an image with sh, head and tar in vethscope.agent.image.',
  });
}

function* chunks(archive: Buffer, onProgress: UploadOptions['onProgress']): Generator<Buffer> {
  for (let sent = 0; sent < archive.length; sent += CHUNK_BYTES) {
    onProgress?.(sent, archive.length);
    yield archive.subarray(sent, sent + CHUNK_BYTES);
  }
  onProgress?.(archive.length, archive.length);
}
