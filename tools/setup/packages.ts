/** Debian packages: which are missing, and their installation. */
import { accessSync, constants, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Part } from './parts.ts';
import { logFile, runLogged, SetupError } from './step.ts';

/** Package -> the command, or the file, that tells that it is here (however it came). */
type Packages = Readonly<Record<string, string>>;

const COMPILER: Packages = { 'build-essential': 'make', 'g++': 'g++', 'libc6-dev': '/usr/include/stdlib.h' };

const PACKAGES: Readonly<Record<Part, Packages>> = {
  check: { 'clang-format': 'clang-format' },
  native: {
    ...COMPILER,
    bpftool: 'bpftool',
    clang: 'clang',
    'libbpf-dev': '/usr/include/bpf/libbpf.h',
    'libelf-dev': '/usr/include/libelf.h',
    'libmnl-dev': '/usr/include/libmnl/libmnl.h',
    llvm: 'llvm-strip',
    'zlib1g-dev': '/usr/include/zlib.h',
  },
  bundles: {},
  lab: {
    'bind9-dnsutils': 'dig',
    bpftool: 'bpftool',
    'busybox-static': 'busybox',
    conntrack: 'conntrack',
    'dnsmasq-base': 'dnsmasq',
    ethtool: 'ethtool',
    iperf3: 'iperf3',
    iproute2: 'ip',
    iptables: 'iptables',
    nftables: 'nft',
    procps: 'sysctl',
    socat: 'socat',
    tshark: 'tshark',
    'wireshark-common': 'randpkt',
  },
  vscode: {
    ...COMPILER,
    'libkrb5-dev': '/usr/include/gssapi/gssapi.h',
    'pkg-config': 'pkg-config',
    python3: 'python3',
  },
  browser: { chromium: 'chromium', 'fonts-dejavu-core': '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf' },
  cluster: {
    bpftool: 'bpftool',
    'busybox-static': 'busybox',
    'ca-certificates': '/etc/ssl/certs/ca-certificates.crt',
    conntrack: 'conntrack',
    containerd: 'containerd',
    'containernetworking-plugins': '/usr/lib/cni/bridge',
    curl: 'curl',
    'etcd-server': 'etcd',
    gcc: 'gcc',
    iperf3: 'iperf3',
    iproute2: 'ip',
    iptables: 'iptables',
    'libc6-dev': '/usr/include/stdlib.h',
    nftables: 'nft',
    openssl: 'openssl',
    procps: 'sysctl',
    runc: 'runc',
    socat: 'socat',
  },
};

/** sbin is not in every root's PATH (su without -). */
export const commandPath = () => [
  ...(process.env.PATH ?? '').split(':'),
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
];

function isThere(probe: string): boolean {
  if (probe.startsWith('/')) return existsSync(probe);
  return commandPath().some((folder) => {
    try {
      accessSync(join(folder, probe), constants.X_OK);
      return true;
    } catch {
      return false; // Not there, or not ours to run: either way another folder may have it.
    }
  });
}

export function missingPackages(parts: readonly Part[]): string[] {
  const missing = parts.flatMap((part) =>
    Object.entries(PACKAGES[part])
      .filter(([, probe]) => !isThere(probe))
      .map(([name]) => name),
  );
  return [...new Set(missing)].sort();
}

/**
 * Installs what is missing, and nothing else.
 * @returns what it did, in words
 * @throws {SetupError} when this is not Debian or not root, with the command to run
 */
export async function installPackages(parts: readonly Part[]): Promise<string> {
  const missing = missingPackages(parts);
  if (missing.length === 0) return 'all there';
  const install = `apt-get install --no-install-recommends ${missing.join(' ')}`;
  if (!isThere('apt-get')) {
    throw new SetupError(
      `missing: ${missing.join(', ')} (Debian's names). Set-up installs them on Debian and Ubuntu only.`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new SetupError(`missing: ${missing.join(', ')}. Bring them with: sudo ${install}`);
  }
  if (listsAreOld()) await apt('update', ['update']);
  await withoutStartingServices(() =>
    apt('install', ['install', '--yes', '--no-install-recommends', ...missing]),
  );
  const still = missingPackages(parts);
  if (still.length > 0) {
    throw new SetupError(`apt-get installed its packages, yet these lack: ${still.join(', ')}`);
  }
  return `installed ${missing.join(' ')}`;
}

async function apt(name: string, args: readonly string[]): Promise<void> {
  await runLogged(['apt-get', '-q', ...args], {
    log: logFile(`apt-${name}`),
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', PATH: commandPath().join(':') },
  });
}

const LISTS = '/var/lib/apt/lists';
const DAY = 24 * 3600_000;

/** A list older than a day may name packages that the mirror has replaced. */
function listsAreOld(): boolean {
  const lists = readdirSync(LISTS).filter((name) => /_Packages(\.\w+)?$/.test(name));
  // The folder changes with every update, the lists only when their content does.
  return lists.length === 0 || Date.now() - statSync(LISTS).mtimeMs > DAY;
}

const POLICY = '/usr/sbin/policy-rc.d';

/** etcd and containerd come with services, which the cluster does not use: it starts its own processes. */
async function withoutStartingServices(work: () => Promise<void>): Promise<void> {
  if (existsSync(POLICY)) {
    await work();
    return;
  }
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    rmSync(POLICY);
  }
}
