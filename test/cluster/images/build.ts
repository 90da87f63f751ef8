/** Builds the images that every node has, each once into the cache. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, realpathSync, renameSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheFolder } from '../../../tools/setup/cache.ts';
import type { Binaries } from '../binaries.ts';
import { writeImage } from './archive.ts';
import type { ImageContent } from './archive.ts';
import { COREDNS_IMAGE, NODE_IMAGE, PAUSE_IMAGE, STOCK_NODE_IMAGE, TOOLS_IMAGE } from './names.ts';

const NODE = resolve(import.meta.dirname, '../../../node_modules/node/bin/node');
const BUSYBOX = { '/bin/busybox': '/usr/bin/busybox' };

/** The first one is needed before kubelet starts. */
const contents = (binaries: Binaries): readonly ImageContent[] => [
  { tags: [PAUSE_IMAGE], files: { '/pause': binaries.pause } },
  { tags: [COREDNS_IMAGE], files: { '/coredns': binaries.coredns } },
  {
    tags: [TOOLS_IMAGE],
    files: {
      ...BUSYBOX,
      '/usr/bin/curl': '/usr/bin/curl',
      '/usr/bin/iperf3': '/usr/bin/iperf3',
      '/usr/bin/socat': '/usr/bin/socat',
    },
  },
  { tags: [NODE_IMAGE, STOCK_NODE_IMAGE], files: { '/usr/local/bin/node': NODE, ...BUSYBOX } },
];

/** @returns the archives; the pause image first */
export async function buildImages(binaries: Binaries): Promise<string[]> {
  const folder = join(cacheFolder(), 'images');
  mkdirSync(folder, { recursive: true });
  return await Promise.all(contents(binaries).map((content) => buildOnce(folder, content)));
}

async function buildOnce(folder: string, content: ImageContent): Promise<string> {
  const archive = join(folder, `${fingerprint(content)}.tar`);
  if (!existsSync(archive)) {
    const partial = `${archive}.${process.pid}`;
    await writeImage(partial, content);
    renameSync(partial, archive);
  }
  return archive;
}

/** Changes when a file's place, size or time does. */
function fingerprint(content: ImageContent): string {
  const facts = Object.entries(content.files).map(([name, file]) => {
    const { size, mtimeMs } = statSync(realpathSync(file));
    return [name, file, size, mtimeMs];
  });
  return createHash('sha256')
    .update(JSON.stringify([content.tags, facts]))
    .digest('hex')
    .slice(0, 16);
}
