/** Runs `vethscope-agent` in a lab and reads what it prints. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, SpawnSyncOptions } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, constants, copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InterfaceTable } from '../../agent/src/commandLine/interfaceSums.ts';
import type { DnsExchange } from '../../agent/src/dns/exchange.ts';
import type { Flow } from '../../src/model/flow.ts';
import type { Ledger } from '../../src/model/ledger.ts';
import { until } from './commands.ts';
import { objectsOf } from './truth/kernelPrograms.ts';
import type { KernelObjects } from './truth/kernelPrograms.ts';

const MAIN = fileURLToPath(new URL('../../agent/src/main.ts', import.meta.url));
/** The agent as it ships, after `npm run build`: what figures of CPU and memory are about. */
export const SHIPPED_AGENT = fileURLToPath(
  new URL(`../../dist/payload/linux-${process.arch}/agent.cjs`, import.meta.url),
);

/** Node's arguments for it, as the agent pod has them (src/kube/agentManifest.ts). */
export const SHIPPED_COMMAND = ['--max-semi-space-size=2', SHIPPED_AGENT] as const;

export interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly messages: string;
}

/** Runs the agent's command line to its end. */
export function agent(args: readonly string[]): Ended {
  return runToItsEnd(process.execPath, [MAIN, ...args]);
}

/** The same as a user without rights, from a place that such a user can read wherever the checkout is. */
export function agentAs(user: number, args: readonly string[]): Ended {
  const folder = mkdtempSync(join(tmpdir(), 'vethscope-agent-'));
  try {
    cpSync(dirname(SHIPPED_AGENT), folder, { recursive: true });
    copyFileSync(process.execPath, join(folder, 'node'), constants.COPYFILE_FICLONE);
    chmodSync(folder, 0o755);
    return runToItsEnd(join(folder, 'node'), [join(folder, 'agent.cjs'), ...args], {
      uid: user,
      gid: user,
      cwd: folder,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runToItsEnd(program: string, args: readonly string[], as: SpawnSyncOptions = {}): Ended {
  const ended = spawnSync(program, args, { ...as, encoding: 'utf8', timeout: 60_000 });
  if (ended.error) throw ended.error;
  return { status: ended.status, output: ended.stdout, messages: ended.stderr };
}

/** What `observe --dns` says of an exchange. */
export type DnsLine = Omit<DnsExchange, 'time' | 'flow'> & {
  readonly time: string;
  readonly flow: string | null;
};

/** What `observe --samples` says of a packet that was not parsed. */
export interface SampleLine {
  readonly cause: string;
  readonly interface: string;
  readonly ifindex: number;
  readonly point: string;
  readonly netns: number;
  readonly time: string;
  readonly length: number;
  /** Hexadecimal. */
  readonly bytes: string;
}

type Line =
  | Flow
  | { readonly dns: DnsLine }
  | { readonly sample: SampleLine }
  | { readonly interfaceView: InterfaceTable }
  | { readonly ledger: Ledger };

/** Where the agent observes. */
export interface ObservedPlace {
  readonly plan: { readonly node: { readonly netns: string } };
  readonly inventory: string;
}

export interface Observed {
  readonly flows: readonly Flow[];
  readonly dns: readonly DnsLine[];
  readonly samples: readonly SampleLine[];
  /** Where `--interface-views` asked for them. */
  readonly tables: readonly InterfaceTable[];
  readonly ledger: Ledger;
  readonly messages: string;
}

/** An `observe` that is running. */
export class Observation {
  private readonly child: ChildProcess;
  private output = '';
  private messages = '';

  private constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.messages += text));
  }

  /** Returns once its programs are attached to every interface. By default the agent of the checkout runs. */
  static async start(
    lab: ObservedPlace,
    seconds: number,
    program: readonly string[] = [MAIN],
    more: readonly string[] = [],
  ): Promise<Observation> {
    const args = [
      'observe',
      '--netns',
      lab.plan.node.netns,
      '--inventory',
      lab.inventory,
      '--duration',
      String(seconds),
    ];
    const child = spawn(
      process.execPath,
      [...program, ...args, '--output', 'jsonl', '--final', '--ledger', ...more],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const observation = new Observation(child);
    await observation.attached();
    return observation;
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the agent has not started');
    return this.child.pid;
  }

  /** Kernel objects that it holds. */
  objects(): KernelObjects {
    return objectsOf(this.pid);
  }

  kill(): Promise<unknown> {
    this.child.kill('SIGKILL');
    return once(this.child, 'exit');
  }

  /** Asks it to end before its time is over, as Ctrl-C does. */
  interrupt(): Promise<Observed> {
    this.child.kill('SIGINT');
    return this.end();
  }

  async end(): Promise<Observed> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    if (this.child.exitCode !== 0) {
      throw new Error(`observe ended with ${String(this.child.exitCode)}: ${this.messages}`);
    }
    const lines = this.output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    const flows = lines.filter((line): line is Flow => 'id' in line);
    const dns = lines.flatMap((line) => ('dns' in line ? [line.dns] : []));
    const samples = lines.flatMap((line) => ('sample' in line ? [line.sample] : []));
    const tables = lines.flatMap((line) => ('interfaceView' in line ? [line.interfaceView] : []));
    const last = lines.at(-1);
    if (!last || !('ledger' in last)) throw new Error('the output does not end with the ledger');
    return { flows, dns, samples, tables, ledger: last.ledger, messages: this.messages };
  }

  /** Attached means: it holds links, and their number has stopped to grow. */
  private async attached(): Promise<void> {
    let before = 0;
    let same = 0;
    await until('the agent to attach', 20, () => {
      if (this.child.exitCode !== null) throw new Error(`observe ended at once: ${this.messages}`);
      const links = this.objects().links.length;
      same = links === before ? same + 1 : 0;
      before = links;
      return links > 0 && same >= 8 ? links : null;
    });
  }
}
