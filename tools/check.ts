/**
 * Everything that can be said without running the product: types, lint, format, layers, schema, contributions.
 * Runs the checks side by side, prints one line each and the output of those that failed.
 */
import { spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const cSources = globSync(
  ['bpf/*.{c,h}', 'agent/native/**/*.{cc,h}', 'test/bench/programs/*.{c,h}', 'test/**/*.c'],
  {
    cwd: root,
    exclude: (path) => path.includes('node_modules') || path.endsWith('/build'),
  },
);

interface Check {
  readonly name: string;
  readonly command: readonly string[];
}

const CHECKS: readonly Check[] = [
  { name: 'types', command: ['tsc', '--noEmit', '-p', '.'] },
  { name: 'types of the pages', command: ['tsc', '--noEmit', '-p', 'webview'] },
  {
    name: 'lint',
    command: [
      'eslint',
      '--cache',
      '--cache-location',
      '.cache/eslint/',
      'src',
      'agent',
      'webview',
      'test',
      'tools',
    ],
  },
  {
    name: 'format',
    command: [
      'prettier',
      '--check',
      '--log-level',
      'warn',
      '--cache',
      '--cache-location',
      '.cache/prettier',
      '.',
    ],
  },
  { name: 'format of C and C++', command: ['clang-format', '--dry-run', '-Werror', ...cSources] },
  {
    name: 'layers',
    command: ['depcruise', '--config', '.dependency-cruiser.cjs', 'src', 'agent', 'webview', 'test', 'tools'],
  },
  { name: 'schema', command: ['buf', 'lint'] },
  { name: 'generated code', command: ['node', 'tools/checkGenerated.ts'] },
  { name: 'contributions', command: ['node', 'tools/contributions.ts', '--check'] },
];

interface Result {
  readonly check: Check;
  readonly passed: boolean;
  readonly output: string;
  readonly seconds: number;
}

function run(check: Check): Promise<Result> {
  const started = performance.now();
  return new Promise((done) => {
    const [command = '', ...args] = check.command;
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, PATH: `${root}/node_modules/.bin:${process.env.PATH ?? ''}` },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    const finish = (passed: boolean): void =>
      done({ check, passed, output, seconds: (performance.now() - started) / 1000 });
    child.once('error', (error) => {
      output += `${command}: ${error.message}; "npm test" installs what is missing\n`;
      finish(false);
    });
    child.once('close', (code) => finish(code === 0));
  });
}

if (!existsSync(`${root}/node_modules`)) throw new Error('node_modules is missing: run "npm ci" first');
const waiting = [...CHECKS];
const results: Result[] = [];
const worker = async (): Promise<void> => {
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
    results.push(await run(check));
  }
};
await Promise.all([worker(), worker(), worker()]);
for (const { check, passed, seconds, output } of results) {
  console.log(`${passed ? 'ok  ' : 'FAIL'}  ${check.name} (${seconds.toFixed(1)} s)`);
  if (!passed) console.log(output);
}
const failed = results.filter(({ passed }) => !passed).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
