/** Runs the suites beside it inside VS Code's extension host; results go to the file that HOST_TEST_RESULTS names. */
import Mocha from 'mocha';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostTestResult } from '../results.ts';

export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 20_000 });
  for (const file of readdirSync(__dirname).sort()) {
    if (file.endsWith('.test.cjs')) mocha.addFile(join(__dirname, file));
  }
  const tests: HostTestResult[] = [];
  const record = (state: HostTestResult['state']) => (test: Mocha.Test, error?: Error) => {
    const failure = error ? { error: error.stack ?? error.message } : {};
    tests.push({ title: test.fullTitle(), state, milliseconds: test.duration ?? 0, ...failure });
  };
  const failures = await new Promise<number>((resolve) => {
    mocha
      .run(resolve)
      .on('pass', record('passed'))
      .on('fail', record('failed'))
      .on('pending', record('pending'));
  });
  const target = process.env.HOST_TEST_RESULTS;
  if (target !== undefined) writeFileSync(target, JSON.stringify(tests));
  if (failures > 0) throw new Error(`${failures} tests failed`);
}
