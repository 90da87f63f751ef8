/** The agent as it ships, observing namespaces until it is told to end, its output added up on the way. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { delay, until } from '../lab/commands.ts';
import { SHIPPED_COMMAND } from '../lab/observe.ts';
import { Tally } from './tally.ts';

export interface AgentOptions {
  /** Namespaces to observe, as --netns takes them. */
  readonly netns: readonly string[];
  readonly inventory?: string;
  /** Milliseconds between two swaps of the flow map. */
  readonly interval: number;
  /** What starts the agent's process as its own child: nsenter into a process namespace. */
  readonly enter?: readonly string[];
}

/** Room for all flows of a run at once, before and after NAT and in each namespace, so that none is folded. */
const MAX_FLOWS = 786_432;

/** Of a second, in hundredths: draining what nobody sends. */
const RESTING_TICKS = 15;

export class AgentRun {
  readonly tally = new Tally();
  readonly #child: ChildProcess;
  readonly #read: Promise<void>;
  readonly #forks: boolean;
  #messages = '';

  private constructor(child: ChildProcess, forks: boolean) {
    this.#child = child;
    this.#forks = forks;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#messages += text));
    this.#read = this.#readLines();
    // It is awaited when the run ends.
    this.#read.catch(() => undefined);
  }

  static start(options: AgentOptions): AgentRun {
    const observe = ['observe', ...options.netns.flatMap((netns) => ['--netns', netns])];
    const output = ['--output', 'jsonl', '--final', '--ledger', '--interval', String(options.interval)];
    const inventory = options.inventory === undefined ? [] : ['--inventory', options.inventory];
    const limits = ['--max-flows', String(MAX_FLOWS)];
    const [program, ...args] = [...(options.enter ?? []), process.execPath, ...SHIPPED_COMMAND];
    const child = spawn(program, [...args, ...observe, ...output, ...inventory, ...limits], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new AgentRun(child, options.enter !== undefined);
  }

  get messages(): string {
    return this.#messages;
  }

  /** Interface indexes of the TCX links that the process holds, from /proc, so it needs no word of its own. */
  attachments(): number[] {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      throw new Error(`${this.#ending()}: ${this.#messages}`);
    }
    return this.#descriptors().flatMap((path) => {
      const text = readDescriptor(path);
      const ifindex = /^ifindex:\s*(\d+)/m.exec(text)?.[1];
      // 0: its interface is gone, and the process has not closed it yet.
      return ifindex !== undefined && ifindex !== '0' && /^link_type:\s*tcx/m.test(text)
        ? [Number(ifindex)]
        : [];
    });
  }

  /** Waits until it has worked off what it has, so that it does at once what it is told. */
  async rest(): Promise<void> {
    let before = this.#cpuTicks();
    await until('the agent to have nothing to do', 90, async () => {
      await delay(1000);
      const [spent, now] = [this.#cpuTicks() - before, this.#cpuTicks()];
      before = now;
      return spent <= RESTING_TICKS ? true : null;
    });
  }

  /** Tells it to take its programs off, to count what is left, to print and to end. */
  interrupt(): void {
    process.kill(this.#pid(), 'SIGINT');
  }

  get exited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits for the end of its output, after interrupt(). */
  async end(): Promise<Tally> {
    await this.#read;
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    if (this.#child.exitCode !== 0) {
      throw new Error(`${this.#ending()}: ${this.#messages}`);
    }
    return this.tally;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    process.kill(this.#pid(), 'SIGKILL');
    await once(this.#child, 'exit');
  }

  #descriptors(): string[] {
    try {
      const folder = `/proc/${this.#pid()}/fdinfo`;
      return readdirSync(folder).map((fd) => `${folder}/${fd}`);
    } catch (error) {
      throw new Error(`the agent has gone: ${this.#messages}`, { cause: error });
    }
  }

  /** User and system time, in hundredths of a second (proc_pid_stat(5), fields 14 and 15). */
  #cpuTicks(): number {
    const stat = readFileSync(`/proc/${this.#pid()}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  }

  #ending(): string {
    return `observe ended with ${String(this.#child.exitCode ?? this.#child.signalCode)}`;
  }

  /** Of the agent itself. */
  #pid(): number {
    const pid = this.#child.pid;
    if (pid === undefined) throw new Error('the agent has not started');
    if (!this.#forks) return pid;
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    // Not forked yet: what holds no links.
    return Number(child) || pid;
  }

  async #readLines(): Promise<void> {
    if (!this.#child.stdout) throw new Error('the agent has no output');
    for await (const line of createInterface({ input: this.#child.stdout })) this.tally.take(line);
  }
}

function readDescriptor(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // Closed between listing and reading.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
