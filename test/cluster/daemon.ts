import { spawn } from 'node:child_process';
import { mkdirSync, openSync, closeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface DaemonOptions {
  /** Files that take the process id: the control groups it shall live in. */
  readonly cgroups: readonly string[];
  /** Takes standard output and standard error. */
  readonly log: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts a process that outlives this one. It leads a session of its own, so that a signal to the starter's process
 * group (Ctrl-C, timeout(1)) does not reach it; it ends with its control group.
 * @returns its process id
 */
export function startDaemon(argv: readonly string[], options: DaemonOptions): number {
  mkdirSync(dirname(options.log), { recursive: true });
  const log = openSync(options.log, 'a');
  const join = options.cgroups.map((file) => `echo $$ >'${file}' && `).join('');
  const child = spawn('sh', ['-c', `${join}exec "$@"`, 'sh', ...argv], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  if (child.pid === undefined) throw new Error(`${argv[0] ?? ''} could not be started`);
  return child.pid;
}
