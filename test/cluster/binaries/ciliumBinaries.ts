/** Cilium's agent, operator, CNI plugin and command line, built once from its Go module into the cache, with the sources of its programs. */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../../tools/setup/cache.ts';
import { run } from '../command.ts';

const VERSION = '1.15.19';
const LONG = { timeout: 60 * 60_000 };

export interface CiliumBinaries {
  readonly agent: string;
  readonly operator: string;
  readonly plugin: string;
  /** What says how Cilium itself reads its maps. */
  readonly commandLine: string;
  /** Folder of the programs' sources, which the agent compiles when it runs. */
  readonly programs: string;
}

/** Program -> its package, and what its build needs. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'cilium-agent': ['./daemon'],
  'cilium-cni': ['./plugins/cilium-cni'],
  'cilium-dbg': ['./cilium-dbg'],
  'cilium-operator': ['-tags=ipam_provider_operator', './operator'],
};

const folder = () => join(cacheFolder(), 'binaries', `cilium-${VERSION}`);

/** Where they are once they are built. */
export function ciliumBinaries() {
  return {
    agent: join(folder(), 'cilium-agent'),
    operator: join(folder(), 'cilium-operator'),
    plugin: join(folder(), 'cilium-cni'),
    commandLine: join(folder(), 'cilium-dbg'),
    programs: join(folder(), 'bpf'),
  } satisfies CiliumBinaries;
}

/** Seven minutes on two cores from nothing. The module's own go.sum pins everything. */
export async function buildCiliumBinaries(): Promise<CiliumBinaries> {
  const binaries = ciliumBinaries();
  if (Object.values(binaries).every((place) => existsSync(place))) return binaries;
  const partial = `${folder()}.${process.pid}`;
  const sources = join(partial, 'sources');
  mkdirSync(partial, { recursive: true });
  try {
    await copySources(sources);
    const version = `-X github.com/cilium/cilium/pkg/version.ciliumVersion=${VERSION}`;
    for (const [name, what] of Object.entries(PROGRAMS)) {
      const flags = ['-trimpath', '-buildvcs=false', '-mod=mod', `-ldflags=-s -w ${version}`];
      await run('nice', ['go', 'build', ...flags, '-o', join(partial, name), ...what], {
        ...LONG,
        cwd: sources,
        env: { CGO_ENABLED: '0' },
      });
    }
    renameSync(join(sources, 'bpf'), join(partial, 'bpf'));
    rmSync(sources, { recursive: true });
    rmSync(folder(), { recursive: true, force: true });
    renameSync(partial, folder());
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return binaries;
}

async function copySources(sources: string): Promise<void> {
  const download = ['mod', 'download', '-json', `github.com/cilium/cilium@v${VERSION}`];
  const { Dir: module } = JSON.parse(await run('go', download, LONG)) as { Dir: string };
  cpSync(module, sources, { recursive: true });
  await run('chmod', ['-R', 'u+w', sources]);
  // A kernel without modules has no such file, and the agent would not start.
  const file = join(sources, 'pkg/datapath/linux/modules/modules_linux.go');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"/proc/modules"', '"/dev/null"'));
}
