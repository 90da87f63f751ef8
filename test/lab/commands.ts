/** Runs programs of the system for the lab: waits for them and says what they said when they fail. */
import { spawnSync } from 'node:child_process';

export class CommandFailed extends Error {
  readonly status: number | null;

  constructor(command: readonly string[], status: number | null, output: string) {
    super(`\`${command.join(' ')}\` ended with ${status ?? 'a signal'}: ${output.trim() || 'no message'}`);
    this.name = 'CommandFailed';
    this.status = status;
  }
}

/** Runs a program to its end and returns its standard output; throws CommandFailed when it does not end with 0. */
export function run(command: string, args: readonly string[], input?: string): string {
  const ended = spawnSync(command, args, { encoding: 'utf8', input, maxBuffer: 64 << 20 });
  if (ended.error) throw ended.error;
  if (ended.status !== 0) {
    throw new CommandFailed([command, ...args], ended.status, ended.stderr || ended.stdout);
  }
  return ended.stdout;
}

/** Like run, inside a network namespace given by its name under /run/netns or by a path. */
export function runIn(netns: string, command: string, args: readonly string[], input?: string): string {
  return run('nsenter', [`--net=${netnsPath(netns)}`, '--', command, ...args], input);
}

export function netnsPath(netns: string): string {
  return netns.startsWith('/') ? netns : `/run/netns/${netns}`;
}

export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Asks again until there is an answer; throws with what was waited for when time is up. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => T | null | Promise<T | null>,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await delay(50);
  }
}
