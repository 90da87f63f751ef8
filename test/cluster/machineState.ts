/**
 * What a run must leave as it found it, read from the machine itself. Compare a reading before with one after.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupHierarchies } from './cgroups.ts';
import { run, tryRun } from './command.ts';

/** Section -> sorted lines. */
export type MachineState = Readonly<Record<string, readonly string[]>>;

const PROCESSES = /^(etcd|kube|containerd|pause|unshare|flanneld|cilium|coredns|runc|busybox|vethscope)/;
const SYSCTLS = [
  'kernel.keys.root_maxbytes',
  'kernel.keys.root_maxkeys',
  'kernel.panic',
  'kernel.panic_on_oops',
  'net.ipv4.ip_forward',
  'vm.overcommit_memory',
  'vm.panic_on_oom',
];
const FOLDERS = [
  '/etc/cni',
  '/run/containerd',
  '/run/flannel',
  '/var/lib/cni',
  '/var/lib/containerd',
  '/var/lib/kubelet',
  '/var/log/containers',
  '/var/log/pods',
];

export async function machineState(): Promise<MachineState> {
  const lines = (text = '') =>
    text
      .split('\n')
      .map((line) => line.trimEnd())
      .filter(Boolean);
  const state: Record<string, readonly string[]> = {
    processes: processes(),
    namespaces: namespaces(),
    'named network namespaces': existsSync('/run/netns') ? readdirSync('/run/netns') : [],
    interfaces: lines(await run('ip', ['-br', 'link'])).map((line) => line.split(/\s+/)[0] ?? ''),
    addresses: lines(await run('ip', ['-br', 'addr'])),
    routes: [...lines(await run('ip', ['route'])), ...lines(await run('ip', ['-6', 'route']))],
    'policy rules': lines(await run('ip', ['rule'])),
    mounts: lines(readFileSync('/proc/self/mountinfo', 'utf8')).map((line) => line.split(' ')[4] ?? ''),
    'nft rules': lines(await tryRun('nft', ['list', 'ruleset'])),
    'iptables rules': lines(await tryRun('iptables-legacy-save', [])).filter((line) => !/^[#:]/.test(line)),
    'control groups': controlGroups(),
    sysctls: lines(await run('sysctl', SYSCTLS)),
    folders: FOLDERS.filter((folder) => existsSync(folder)),
    'BPF programs': await bpfPrograms(),
    'BPF links': await bpfLinks(),
    'BPF network attachments': lines(await run('bpftool', ['net', 'show'])),
  };
  return Object.fromEntries(Object.entries(state).map(([section, found]) => [section, [...found].sort()]));
}

/** Lines that one reading has and the other has not, as `section: -line` and `section: +line`. */
export function differences(before: MachineState, after: MachineState): string[] {
  return Object.keys({ ...before, ...after }).flatMap((section) => {
    const [old, now] = [before[section] ?? [], after[section] ?? []];
    return [
      ...without(old, now).map((line) => `${section}: -${line}`),
      ...without(now, old).map((line) => `${section}: +${line}`),
    ];
  });
}

/** Lines of the first list beyond those of the second; a line may occur several times. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const rest = [...others];
  return lines.filter((line) => {
    const index = rest.indexOf(line);
    if (index >= 0) rest.splice(index, 1);
    return index < 0;
  });
}

const processIds = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name));

/** Names of processes that a cluster or an agent consists of. */
function processes(): string[] {
  return processIds()
    .filter((pid) => isAlive(pid))
    .map((pid) => readIfThere(`/proc/${pid}/comm`).trim())
    .filter((name) => PROCESSES.test(name));
}

/** Whether the process runs. A zombie does not: it only waits for its parent to ask how it ended. */
export function isAlive(pid: string): boolean {
  const status = readIfThere(`/proc/${pid}/status`);
  return status !== '' && !/^State:\tZ/m.test(status);
}

/** Kinds and inodes of all namespaces that a process lives in. */
function namespaces(): string[] {
  return [...new Set(processIds().flatMap((pid) => namespacesOf(pid)))];
}

/** Kinds and inodes of a process's namespaces, such as `net:[4026531840]`; none when it has ended. */
export function namespacesOf(pid: string): string[] {
  const links = ['net', 'mnt', 'pid', 'uts', 'ipc', 'cgroup'].map((kind) => `/proc/${pid}/ns/${kind}`);
  try {
    return links.map((link) => readlinkSync(link));
  } catch (error) {
    // A process that even root may not look into (this machine's first one, in some sandboxes) is not ours.
    if (isGone(error) || (error as NodeJS.ErrnoException).code === 'EACCES') return [];
    throw error;
  }
}

function controlGroups(): string[] {
  const { unified, legacy } = cgroupHierarchies();
  return [unified, ...legacy].flatMap((hierarchy) =>
    readdirSync(hierarchy, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(hierarchy, entry.name)),
  );
}

interface BpfObject {
  readonly id: number;
  readonly type: string;
  readonly name?: string;
}

/** Id, type and name of every program in the kernel: it is one for all nodes. */
export async function bpfPrograms(): Promise<string[]> {
  const programs = JSON.parse(await run('bpftool', ['--json', 'prog', 'show'])) as BpfObject[];
  return programs.map(({ id, type, name = '' }) => `${id} ${type} ${name}`);
}

/** Id and type of every BPF link in the kernel. */
export async function bpfLinks(): Promise<string[]> {
  const links = JSON.parse(await run('bpftool', ['--json', 'link', 'show'])) as BpfObject[];
  return links.map(({ id, type }) => `${id} ${type}`);
}

/** Processes come and go while they are read. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isGone(error)) return '';
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');
}
