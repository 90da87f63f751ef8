/** Load generators in C: at 1,000 flows a second Node would be the load, not its traffic. */
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from './commands.ts';

const OUTPUT = resolve(import.meta.dirname, '../../.cache/lab');

/** The program of programs/NAME.c, compiled when it is not there or older than its source. */
export function nativeProgram(name: 'shortFlows' | 'rawFrames' | 'churnPod'): string {
  const source = join(import.meta.dirname, 'programs', `${name}.c`);
  const output = join(OUTPUT, name);
  const made = statSync(output, { throwIfNoEntry: false });
  if (made !== undefined && made.mtimeMs > statSync(source).mtimeMs) return output;
  mkdirSync(OUTPUT, { recursive: true });
  // Moved into place at once: another test may be compiling it too, or running it.
  const temporary = `${output}.${process.pid}`;
  run('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', source, '-o', temporary]);
  renameSync(temporary, output);
  return output;
}
