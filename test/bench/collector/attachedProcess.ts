/** A process that attaches programs of its own, seen from outside: started, attached, ended. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../lab/commands.ts';
import type { Lab } from '../../lab/lab.ts';
import { objectsOf } from '../../lab/truth/kernelPrograms.ts';

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

  /** Waits until it holds programs and what it holds has stopped to grow; returns the ids of its programs. */
  async attached(): Promise<readonly number[]> {
    let before = 0;
    let same = 0;
    return until('programs to be attached', 40, () => {
      if (this.child.exitCode !== null) throw new Error(`ended at once: ${this.lastMessages()}`);
      const { programs, links } = objectsOf(this.pid);
      const held = programs.length + links.length;
      same = held === before ? same + 1 : 0;
      before = held;
      return programs.length > 0 && same >= 10 ? programs : null;
    });
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
