import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import type { Feature } from '../../native/index.d.ts';
import { codeOf, messageOf, unlessCode } from '../failure.ts';
import type { Addon, Payload } from './addon.ts';

/** One thing that observing needs or profits from, and what its lack means. */
export interface DoctorCheck {
  readonly name: string;
  readonly available: boolean;
  /** The cause where it is not available. */
  readonly detail: string;
  /** What a user will not see because of it; empty when available. */
  readonly effect: string;
  /** Whether observing is impossible without it. */
  readonly required: boolean;
}

interface Meaning {
  readonly required: boolean;
  readonly effect: string;
}

/** In the order they are printed. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  linux: { required: true, effect: 'Nothing can be observed: packets are counted by the Linux kernel.' },
  addon: { required: true, effect: 'Nothing can be observed: the native part of the agent is missing.' },
  capabilities: {
    required: true,
    effect: 'Programs cannot be loaded or attached: run as root or with the missing capabilities.',
  },
  btf: {
    required: true,
    effect: 'The programs cannot be fitted to this kernel: it was built without CONFIG_DEBUG_INFO_BTF.',
  },
  'sched-cls': {
    required: true,
    effect: 'No traffic-control program can be loaded, so no packet is counted.',
  },
  ringbuf: { required: true, effect: 'This kernel is older than 5.8, the oldest that can be observed.' },
  tcx: {
    required: false,
    effect:
      'Programs are attached as clsact filters: the kernel lacks TCX links (6.6). Of an agent that is killed by ' +
      'SIGKILL they stay, do nothing after half a minute, and are removed by the next agent that observes the ' +
      'interface. The clsact qdisc stays.',
  },
  clsact: {
    required: false,
    effect: 'Programs can be attached by TCX links only.',
  },
  netns: {
    required: false,
    effect: 'Only the namespace that the agent runs in can be observed: others cannot be entered.',
  },
  'coarse-clock': { required: false, effect: 'Each packet costs a little more time to count.' },
  'cgroup-id': {
    required: false,
    effect: 'Containers and host processes are not told apart by their sockets.',
  },
  'drop-reasons': {
    required: false,
    effect: 'Dropped packets and their reasons are not available: the kernel does not tell them (5.17).',
  },
  cgroup2: { required: false, effect: 'Containers and host processes are not told apart by their cgroups.' },
  conntrack: { required: false, effect: 'Addresses before and after NAT are not joined to one flow.' },
  'service-nat': {
    required: false,
    effect:
      'What Cilium translates is in its own maps, which cannot be read, and not in the connection tracking: a connection ' +
      'through a Service shows with its backend and without the Service, or as one flow before the translation and another ' +
      'after it.',
  },
};

/** What --simulate takes away, by name. */
export const SIMULATIONS: Readonly<Record<string, readonly string[]>> = {
  'not-linux': ['linux'],
  'no-addon': ['addon'],
  'not-root': ['capabilities', 'netns'],
  'no-btf': ['btf'],
  'old-kernel': ['ringbuf', 'tcx', 'coarse-clock', 'drop-reasons'],
  'no-tcx': ['tcx'],
  'no-clsact': ['clsact'],
  'no-drop-reasons': ['drop-reasons'],
  'no-netns': ['netns'],
  'no-cgroup2': ['cgroup2', 'cgroup-id'],
  'no-conntrack': ['conntrack'],
  cilium: ['service-nat'],
};

interface Finding {
  readonly available: boolean;
  readonly detail: string;
}

/**
 * Asks this machine for everything.
 * @param load loads the addon @param simulated names of SIMULATIONS @param ciliumRefusal as ciliumNode.ts has it
 */
export function runChecks(
  load: () => Payload,
  simulated: readonly string[],
  ciliumRefusal: (addon: Addon) => string | null,
): DoctorCheck[] {
  const findings = new Map<string, Finding>([
    ['linux', finding(process.platform === 'linux', `this is ${process.platform}`)],
  ]);
  if (process.platform === 'linux') {
    for (const [name, found] of kernelFindings(load, ciliumRefusal)) findings.set(name, found);
  }
  const taken = new Set(simulated.flatMap((name) => SIMULATIONS[name] ?? []));
  for (const name of taken) findings.set(name, { available: false, detail: 'simulated' });
  return Object.entries(meaningsFor(findings)).flatMap(([name, { required, effect }]) => {
    const found = findings.get(name);
    if (found === undefined) return [];
    return [{ name, required, ...found, effect: found.available ? '' : effect }];
  });
}

/** One of the two ways to attach is enough, and one of them is needed. */
function meaningsFor(findings: ReadonlyMap<string, Finding>): Readonly<Record<string, Meaning>> {
  const lacks = (name: string): boolean => findings.get(name)?.available === false;
  if (!lacks('tcx') || !lacks('clsact')) return MEANINGS;
  const effect = 'Programs cannot be attached: the kernel has neither TCX links (6.6) nor the clsact qdisc.';
  return { ...MEANINGS, tcx: { required: true, effect }, clsact: { required: true, effect } };
}

function kernelFindings(
  load: () => Payload,
  ciliumRefusal: (addon: Addon) => string | null,
): Map<string, Finding> {
  const findings = new Map<string, Finding>();
  findings.set(
    'cgroup2',
    finding(
      mounts().some((type) => type === 'cgroup2'),
      'no cgroup2 file system is mounted',
    ),
  );
  findings.set(
    'conntrack',
    finding(
      existsSync('/proc/sys/net/netfilter/nf_conntrack_count'),
      'nf_conntrack is not loaded in this namespace',
    ),
  );
  let payload: Payload;
  try {
    payload = load();
  } catch (error) {
    findings.set('addon', finding(false, messageOf(error)));
    return findings;
  }
  findings.set('addon', finding(true, ''));
  for (const feature of payload.addon.probe()) findings.set(feature.name, fromFeature(feature));
  findings.set('netns', enterNamespace(payload));
  const refusal = ciliumRefusal(payload.addon);
  findings.set('service-nat', finding(refusal === null, `Cilium is on this node: ${refusal ?? ''}`));
  return findings;
}

function finding(available: boolean, detail: string): Finding {
  return { available, detail: available ? '' : detail };
}

function fromFeature({ available, detail }: Feature): Finding {
  return { available, detail };
}

/** Opens the namespace of PID 1, which in a pod is the node's. */
function enterNamespace({ addon }: Payload): Finding {
  try {
    const namespace = new addon.NetworkNamespace('/proc/1/ns/net');
    try {
      namespace.links();
    } finally {
      namespace.close();
    }
    return finding(true, '');
  } catch (error) {
    return finding(false, `${codeOf(error)}: ${messageOf(error)}`);
  }
}

/** Types of all file systems that this process has mounted, or PID 1, which in a pod is the node's. */
function mounts(): string[] {
  return ['/proc/self/mounts', '/proc/1/mounts'].filter(isReadable).flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line) => line.split(' ')[2] ?? []),
  );
}

const FORBIDDEN = new Set(['EACCES', 'EPERM']);

/** Another process's mounts need the right to trace it; who lacks it is told so by the netns check. */
function isReadable(path: string): boolean {
  const descriptor = unlessCode(FORBIDDEN, () => openSync(path, 'r'));
  if (descriptor === undefined) return false;
  closeSync(descriptor);
  return true;
}
