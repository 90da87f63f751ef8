import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Command -> the Debian package that brings it. */
const COMMANDS: Readonly<Record<string, string>> = {
  bridge: 'iproute2',
  bpftool: 'bpftool',
  busybox: 'busybox-static',
  conntrack: 'conntrack',
  containerd: 'containerd',
  ctr: 'containerd',
  curl: 'curl',
  etcd: 'etcd-server',
  gcc: 'gcc libc6-dev',
  ip: 'iproute2',
  iperf3: 'iperf3',
  iptables: 'iptables',
  nft: 'nftables',
  nsenter: 'util-linux',
  openssl: 'openssl',
  runc: 'runc',
  socat: 'socat',
  sysctl: 'procps',
  unshare: 'util-linux',
};

/**
 * Makes sure that the cluster can run here.
 * @throws Error naming everything that is missing and the command that brings it
 */
export function requireMachine(): void {
  if (process.platform !== 'linux') throw new Error(`the cluster needs Linux; this is ${process.platform}`);
  if (process.getuid?.() !== 0) {
    throw new Error('the cluster needs root: it makes namespaces; run it with sudo');
  }
  const missing = Object.entries(COMMANDS).filter(([command]) => !isOnPath(command));
  const packages = new Set(missing.map(([, name]) => name));
  if (!existsSync('/usr/lib/cni/bridge')) packages.add('containernetworking-plugins');
  if (packages.size === 0) return;
  throw new Error(
    `missing for the cluster: ${[...packages].join(', ')}\nbring them with: apt-get install --no-install-recommends ${[...packages].join(' ')}`,
  );
}

function isOnPath(command: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
