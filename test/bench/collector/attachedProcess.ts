/** A process that attaches programs of its own, seen from outside: started, attached, ended. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { delay, until } from '../../lab/commands.ts';
import type { Lab } from '../../lab/lab.ts';
import { filterPrograms, linkedPrograms } from './hooks.ts';
import { nodeInterfaces } from './nodeInterfaces.ts';

export class AttachedProcess {
  readonly pid: number;
  /** Files with what it wrote to standard output and standard error, so that nobody has to keep up with it. */
  readonly output: string;
  readonly messages: string;
  private readonly child: ChildProcess;
  private readonly exit: Promise<unknown>;

  /** Runs in the network namespace given, and ends with the lab at the latest. */
  constructor(lab: Lab, netns: string, command: readonly string[]) {
    this.output = join(lab.folder, 'contender.out');
    this.messages = join(lab.folder, 'contender.err');
    const redirect = 'out=$1 err=$2; shift 2; exec "$@" >"$out" 2>"$err"';
    const place = { netns, cgroup: lab.nodePlace.cgroup };
    const args = ['-c', redirect, 'sh', this.output, this.messages, ...command];
    this.child = lab.spawn(place, 'sh', args);
    if (this.child.pid === undefined) throw new Error(`${String(command[0])} cannot be started`);
    this.pid = this.child.pid;
    this.exit = once(this.child, 'exit');
  }

  /** Waits until there are programs at both hooks of every interface of the node; returns their ids. */
  async attached(lab: Lab): Promise<readonly number[]> {
    const hooks = 2 * nodeInterfaces(lab).length;
    const ids = await until('programs at every hook', 60, () => {
      if (this.child.exitCode !== null) throw new Error(`ended at once: ${this.lastMessages()}`);
      const attached = [linkedPrograms(this.pid), filterPrograms(lab)].find(({ length }) => length >= hooks);
      return attached ? [...new Set(attached)] : null;
    });
    // So that the rest of its start is not measured.
    await delay(1000);
    return ids;
  }

  lastMessages(): string {
    return readFileSync(this.messages, 'utf8').slice(-2000);
  }

  /** Does nothing more once it has ended. */
  async end(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    await this.exit;
  }
}
