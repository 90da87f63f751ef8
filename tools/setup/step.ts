import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { finished } from 'node:stream/promises';

export const root = resolve(import.meta.dirname, '../..');

/** Something that a person must do first; the message says what. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}

/**
 * Does one step and prints one line with its time. The work returns what it found or did, for that line.
 * @throws what the work throws, after a line that names the step
 */
export async function step<T extends string>(name: string, work: () => Promise<T> | T): Promise<void> {
  const started = performance.now();
  const line = (text: string) => {
    console.error(`${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s  ${text}`);
  };
  try {
    line(`${name}: ${await work()}`);
  } catch (error) {
    line(`${name}: failed`);
    throw error;
  }
}

export interface LoggedOptions {
  readonly cwd?: string;
  /** The whole environment. Default this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Takes the command's output. */
  readonly log: string;
}

/**
 * Runs a command with its output in a log file.
 * @throws {SetupError} with the end of the log when it fails
 */
export async function runLogged(argv: readonly [string, ...string[]], options: LoggedOptions): Promise<void> {
  mkdirSync(dirname(options.log), { recursive: true });
  const log = createWriteStream(options.log);
  const [file, ...args] = argv;
  const child = spawn(file, args, {
    cwd: options.cwd ?? root,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      log.write(error.message);
      resolve(null);
    });
    child.once('close', resolve);
  });
  await finished(log.end());
  if (code === 0) return;
  const tail = readFileSync(options.log, 'utf8').trim().split('\n').slice(-20).join('\n');
  throw new SetupError(`${argv.join(' ')} failed; its output is in ${options.log} and ends with\n${tail}`);
}

/** Where set-up keeps the output of what it runs. */
export const logFile = (name: string) => resolve(root, '.cache/setup', `${name}.log`);
