/** The real flanneld and its CNI plugin, built once from pinned Go modules into the cache: only their shape needs them. */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { cacheFolder } from '../../../tools/setup/cache.ts';
import { run } from '../command.ts';

export interface FlannelBinaries {
  readonly daemon: string;
  readonly plugin: string;
}

const ENVIRONMENT = { CGO_ENABLED: '0' };

/** Programs are packages of other modules: their sources are copied beside a go.mod of ours that pins all versions. */
interface Source {
  readonly module: string;
  /** Files of the module. */
  readonly files: string;
  /** Lines of them that are left out. */
  readonly without: RegExp | null;
}

const SOURCES: Readonly<Record<'flannel' | 'flannel-cni', Source>> = {
  flannel: {
    module: 'github.com/flannel-io/flannel',
    files: 'main.go',
    // One backend's libraries are not to be had, the other needs cgo; the test's is vxlan.
    without: /^.*backend\/(tencentvpc|udp)".*\n/gm,
  },
  'flannel-cni': {
    module: 'github.com/containernetworking/plugins',
    files: 'plugins/meta/flannel/flannel{,_linux}.go',
    without: null,
  },
};

export async function buildFlannelBinaries(): Promise<FlannelBinaries> {
  return { daemon: await build('flannel'), plugin: await build('flannel-cni') };
}

async function build(name: keyof typeof SOURCES): Promise<string> {
  const pins = join(import.meta.dirname, name);
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(pins, file)));
  const program = join(cacheFolder(), 'binaries', `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;
  const folder = `${program}.${process.pid}`;
  cpSync(pins, folder, { recursive: true });
  try {
    await copySources(SOURCES[name], folder);
    const flags = ['-trimpath', '-buildvcs=false', '-mod=readonly', '-ldflags=-s -w', '-o', 'program', '.'];
    await run('nice', ['go', 'build', ...flags], {
      cwd: folder,
      env: ENVIRONMENT,
      timeout: 30 * 60_000,
    });
    renameSync(join(folder, 'program'), program);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return program;
}

async function copySources({ module, files, without }: Source, folder: string): Promise<void> {
  const listing = ['mod', 'download', '-json', module];
  const { Dir: sources } = JSON.parse(
    await run('go', listing, { cwd: folder, env: ENVIRONMENT, timeout: 10 * 60_000 }),
  ) as { Dir: string };
  mkdirSync(folder, { recursive: true });
  for (const file of globSync(files, { cwd: sources })) {
    const text = readFileSync(join(sources, file), 'utf8');
    writeFileSync(join(folder, basename(file)), without === null ? text : text.replace(without, ''));
  }
}
