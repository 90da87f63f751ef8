/** What a user waits for in VS Code: activation, and from the click on Show Flows to the first row on the cluster. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RESULTS } from '../e2e/screenshots.ts';
import { runHostTests } from '../host/main.ts';
import { figure, median } from './figures.ts';
import type { Figure } from './figures.ts';

const root = resolve(import.meta.dirname, '../..');
const ROUNDS = 3;
const ACTIVATION_AIM = 50;
const CLICK_AIM = 8;
const PATH_AIM = 100;

export async function measureActivation(): Promise<Figure[]> {
  const file = join(RESULTS, 'activation.txt');
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rmSync(file, { force: true });
    await runHostTests({ ACTIVATION_RESULT: file });
    times.push(Number(readFileSync(file, 'utf8')));
  }
  const time = median(times);
  return [
    figure(
      'activation in the extension host',
      `${time.toFixed(0)} ms`,
      `<= ${ACTIVATION_AIM} ms`,
      time <= ACTIVATION_AIM,
    ),
  ];
}

/** What an e2e test measured, which drives the real VS Code. @param file where the test leaves it */
function measuredBy(test: string, title: string, file: string): string {
  const path = join(RESULTS, file);
  rmSync(path, { force: true });
  const mocha = [join(root, 'node_modules/mocha/bin/mocha.js'), '--timeout', '180s', '-g', title];
  const ended = spawnSync(process.execPath, [...mocha, join(root, 'test/e2e', test)], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (ended.status !== 0) throw new Error('the e2e test failed; its output is above');
  return readFileSync(path, 'utf8');
}

/** In the lab, where its agent runs already. */
export function measurePath(): Promise<Figure[]> {
  const times = measuredBy('flips.test.ts', 'draws a path', 'click-to-path.txt');
  const time = median(JSON.parse(times) as number[]);
  return Promise.resolve([
    figure(
      'click on Show Path to the drawn path',
      `${time.toFixed(0)} ms`,
      `<= ${PATH_AIM} ms`,
      time <= PATH_AIM,
    ),
  ]);
}

/** On the real cluster. */
export function measureClick(): Promise<Figure[]> {
  const milliseconds = measuredBy('cluster.test.ts', 'names the client', 'click-to-first-row.txt');
  const seconds = Number(milliseconds) / 1000;
  return Promise.resolve([
    figure(
      'click on Show Flows to the first row on the cluster, agent deployed in between',
      `${seconds.toFixed(1)} s`,
      `<= ${CLICK_AIM} s`,
      seconds <= CLICK_AIM,
    ),
  ]);
}
