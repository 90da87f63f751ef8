import { readFileSync } from 'node:fs';
import { Failure } from '../failure.ts';

/** Capabilities by their bit, those that observing uses. */
export const CAPABILITIES = { NET_ADMIN: 12, SYS_PTRACE: 19, SYS_ADMIN: 21, PERFMON: 38, BPF: 39 } as const;
export type Capability = keyof typeof CAPABILITIES;

/** Effective capabilities of this process that are missing. */
export function missingCapabilities(): Capability[] {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const effective = BigInt(`0x${line}`);
  return (Object.keys(CAPABILITIES) as Capability[]).filter(
    (name) => (effective & (1n << BigInt(CAPABILITIES[name]))) === 0n,
  );
}

/** Throws a Failure unless this process may load and attach programs. @param doing names what needs it */
export function requireRoot(doing: string): void {
  const missing = missingCapabilities();
  const needed = missing.filter((name) => name === 'NET_ADMIN' || name === 'BPF' || name === 'PERFMON');
  // CAP_SYS_ADMIN still implies the finer two.
  const blocked = needed.filter((name) => name === 'NET_ADMIN' || missing.includes('SYS_ADMIN'));
  if (blocked.length === 0) return;
  throw new Failure(
    `${doing} needs root, or the capabilities ${blocked.map((name) => `CAP_${name}`).join(', ')}, which this process lacks`,
    'Run it with sudo; "vethscope-agent doctor" lists everything that is needed.',
  );
}
