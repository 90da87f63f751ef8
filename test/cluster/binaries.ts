/** The programs that no Debian package brings, built once from pinned Go modules (and two C files) into the cache. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../tools/setup/cache.ts';
import { run, tryRun } from './command.ts';

export interface Binaries {
  /** API server, controller-manager, scheduler, kubelet and kube-proxy in one. */
  readonly kubernetes: string;
  readonly coredns: string;
  /** Of the cluster's version; Debian 12's is too old for what tests ask of it. */
  readonly kubectl: string;
  /** A pod's first process, and a node's. */
  readonly pause: string;
  /** Makes a root directory the root of its mount namespace. */
  readonly ownRoot: string;
}

const KUBERNETES_VERSION = '1.34.4';
const GO_FLOOR = { major: 1, minor: 24 };

const sources = join(import.meta.dirname, 'binaries');
/** Binary -> its one C file. */
const C_SOURCES = {
  pause: join(import.meta.dirname, 'images/pause.c'),
  own_root: join(import.meta.dirname, 'node/own_root.c'),
};
const inputs = ['go.mod', 'go.sum', 'kubernetes/main.go', 'coredns/main.go', 'kubectl/main.go'].map((file) =>
  join(sources, file),
);

/** The name says what went in, so that clones of different states share one cache. */
export function binaryFolder(): string {
  const hash = createHash('sha256').update(KUBERNETES_VERSION);
  for (const file of [...inputs, ...Object.values(C_SOURCES)]) hash.update(readFileSync(file));
  return join(cacheFolder(), 'binaries', hash.digest('hex').slice(0, 16));
}

/** The binaries where they are all built, else undefined. */
export function builtBinaries(): Binaries | undefined {
  const place = (name: string) => join(binaryFolder(), name);
  const binaries = {
    kubernetes: place('kubernetes'),
    coredns: place('coredns'),
    kubectl: place('kubectl'),
    pause: place('pause'),
    ownRoot: place('own_root'),
  };
  return Object.values(binaries).every((file) => existsSync(file)) ? binaries : undefined;
}

/** Builds what is missing: four minutes on two cores from nothing, seconds with a warm Go build cache. */
export async function buildBinaries(): Promise<Binaries> {
  const built = builtBinaries();
  if (built !== undefined) return built;
  await requireGo();
  const partial = `${binaryFolder()}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    for (const [name, source] of Object.entries(C_SOURCES)) {
      await run('gcc', ['-O2', '-static', '-o', join(partial, name), source]);
    }
    const [major, minor] = KUBERNETES_VERSION.split('.');
    const version = { gitVersion: `v${KUBERNETES_VERSION}`, gitMajor: major, gitMinor: minor };
    const flags = Object.entries(version).map(
      ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
    );
    // One after the other: they share most packages, and two links at once need much memory.
    await goBuild('kubernetes', partial, flags);
    await goBuild('kubectl', partial, flags);
    await goBuild('coredns', partial);
    rmSync(binaryFolder(), { recursive: true, force: true });
    renameSync(partial, binaryFolder());
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  const binaries = builtBinaries();
  if (binaries === undefined) throw new Error(`the build left no binaries in ${binaryFolder()}`);
  return binaries;
}

async function goBuild(name: string, outputFolder: string, linkFlags: readonly string[] = []): Promise<void> {
  const flags = [
    '-trimpath',
    '-buildvcs=false',
    '-mod=readonly',
    '-ldflags',
    ['-s', '-w', ...linkFlags].join(' '),
  ];
  await run('nice', ['go', 'build', ...flags, '-o', join(outputFolder, name), `./${name}`], {
    cwd: sources,
    env: { CGO_ENABLED: '0' },
    timeout: 30 * 60_000,
  });
}

async function requireGo(): Promise<void> {
  const floor = `${GO_FLOOR.major}.${GO_FLOOR.minor}`;
  const version = (await tryRun('go', ['env', 'GOVERSION']))?.trim();
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version ?? '') ?? [];
  const enough =
    Number(major) > GO_FLOOR.major || (Number(major) === GO_FLOOR.major && Number(minor) >= GO_FLOOR.minor);
  if (enough) return;
  throw new Error(
    `Go >= ${floor} builds the cluster's Kubernetes; ${version === undefined ? 'there is no go on PATH' : `go on PATH is ${version}`}. ` +
      `Bring it: https://go.dev/dl, unpacked to /usr/local, and PATH=/usr/local/go/bin:$PATH`,
  );
}
