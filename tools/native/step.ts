import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { commandPath } from './requirements.ts';

/** Runs a command with its messages on ours; rejects when it fails. Resolves to its standard output. */
export async function run(command: string, ...args: string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PATH: commandPath.join(':') },
    });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(output));
      else {
        reject(new Error(`${command} ${args.join(' ')} failed (${signal ?? `exit code ${String(code)}`})`));
      }
    });
  });
}

interface Step {
  /** The file to be made. */
  output: string;
  /** Files whose content decides. */
  inputs: string[];
  /** Anything else that decides, for example the command line. */
  settings: string[];
  /** Makes the output under the given path; it then moves into place at once, as running agents may have it mapped. */
  make: (temporary: string) => Promise<void>;
}

async function hashOf(step: Step): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(step.settings));
  for (const input of step.inputs) hash.update(input).update(await readFile(input));
  return hash.digest('hex');
}

async function readStamp(stamp: string): Promise<string | null> {
  return existsSync(stamp) ? readFile(stamp, 'utf8') : null;
}

/** Makes a file unless it is there already from the same inputs. True when it was made. */
export async function makeOnce(step: Step): Promise<boolean> {
  const stamp = path.join('.cache/native/stamps', step.output.replaceAll('/', '+'));
  const hash = await hashOf(step);
  if (existsSync(step.output) && (await readStamp(stamp)) === hash) return false;

  await mkdir(path.dirname(step.output), { recursive: true });
  await mkdir(path.dirname(stamp), { recursive: true });
  const temporary = path.join(
    path.dirname(step.output),
    `.${String(process.pid)}.${path.basename(step.output)}`,
  );
  await step.make(temporary);
  await rename(temporary, step.output);
  await writeFile(stamp, hash);
  return true;
}
