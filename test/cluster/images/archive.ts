/** Writes container images (one layer, docker-archive format) out of files of this machine. */
import { createHash } from 'node:crypto';
import { createWriteStream, readFileSync, realpathSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { Pack } from 'tar-stream';
import { run, tryRun } from '../command.ts';

export interface ImageContent {
  /** Names the image goes by. */
  readonly tags: readonly string[];
  /** File in the image -> file on this machine. Shared libraries come along. The first one is the default command. */
  readonly files: Readonly<Record<string, string>>;
}

const FOLDERS = ['bin', 'dev', 'etc', 'proc', 'run', 'sys', 'tmp', 'root'];
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export async function writeImage(archive: string, content: ImageContent): Promise<void> {
  const layer = await layerOf(content);
  const digest = sha256(layer);
  const configuration = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Cmd: [Object.keys(content.files)[0]], Env: [`PATH=${PATH}`] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
    }),
  );
  const configurationFile = `${sha256(configuration)}.json`;
  const layerFile = `${digest}/layer.tar`;
  const manifest = [{ Config: configurationFile, RepoTags: content.tags, Layers: [layerFile] }];
  const output = pack();
  output.entry({ name: configurationFile }, configuration);
  output.entry({ name: layerFile }, layer);
  output.entry({ name: 'manifest.json' }, JSON.stringify(manifest));
  output.finalize();
  await pipeline(output, createWriteStream(archive));
}

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');

async function layerOf(content: ImageContent): Promise<Buffer> {
  const layer = pack();
  const bytes = buffer(layer);
  for (const name of FOLDERS) {
    layer.entry({ name, type: 'directory', mode: name === 'tmp' ? 0o1777 : 0o755 });
  }
  layer.entry({ name: 'etc/passwd' }, 'root:x:0:0:root:/root:/bin/sh\n');
  layer.entry({ name: 'etc/group' }, 'root:x:0:\n');
  const files = new Map(Object.entries(content.files));
  for (const file of Object.values(content.files)) {
    for (const library of await sharedLibraries(file)) files.set(library, library);
  }
  for (const [name, file] of files) addFile(layer, name, file);
  const busybox = content.files['/bin/busybox'];
  if (busybox !== undefined) await addApplets(layer, busybox);
  layer.finalize();
  return await bytes;
}

function addFile(layer: Pack, name: string, file: string): void {
  const source = realpathSync(file);
  layer.entry({ name: name.slice(1), mode: statSync(source).mode & 0o777 }, readFileSync(source));
}

/** Absolute paths that ldd names, the loader included; none for a static binary. */
async function sharedLibraries(file: string): Promise<string[]> {
  const listing = (await tryRun('ldd', [realpathSync(file)])) ?? '';
  return [...listing.matchAll(/\s(\/\S+)/g)].map((match) => match[1] ?? '');
}

async function addApplets(layer: Pack, busybox: string): Promise<void> {
  const applets = (await run(busybox, ['--list'])).trim().split('\n');
  for (const applet of applets) {
    if (applet === 'busybox') continue;
    layer.entry({ name: `bin/${applet}`, type: 'symlink', linkname: '/bin/busybox' });
  }
}
