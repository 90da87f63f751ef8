/** What `npm test` runs, in this order. */
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import type { Part } from '../setup/parts.ts';
import { root } from '../setup/step.ts';
import { hostCounts, mochaCounts } from './counts.ts';
import type { Counts } from './counts.ts';

export interface Stage {
  readonly name: string;
  /** What must be set up. */
  readonly parts: readonly Part[];
  readonly command: readonly [string, ...string[]];
  /** After this it is killed. */
  readonly minutes: number;
  /** The stage leaves its results here; absent, its exit code is its one result. */
  readonly results?: { readonly file: string; readonly read: (file: string) => Counts };
  /** Uses the cluster, which is taken down after the last of these stages. */
  readonly cluster?: true;
}

export const RESULTS = join(root, 'test/results');
/** What tools/package.ts makes. */
const VSIX = join(root, `vethscope-${manifest.version}.vsix`);

function mocha(
  name: string,
  minutes: number,
  seconds: number,
  patterns: readonly string[],
): Pick<Stage, 'name' | 'minutes' | 'command' | 'results'> {
  const file = join(RESULTS, `${name}.json`);
  const reporter = [
    '--reporter',
    join(root, 'tools/test/reporter.ts'),
    '--reporter-option',
    `output=${file}`,
  ];
  return {
    name,
    minutes,
    command: [
      'node',
      'node_modules/mocha/bin/mocha.js',
      '--timeout',
      `${seconds}s`,
      ...reporter,
      ...patterns,
    ],
    results: { file, read: mochaCounts },
  };
}

function withEnvironment<T extends Pick<Stage, 'command'>>(
  variables: Readonly<Record<string, string>>,
  stage: T,
): T {
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return { ...stage, command: ['env', ...settings, ...stage.command] };
}

const SOURCES = ['src', 'agent/src', 'webview', 'tools'].map((folder) => `${folder}/**/*.test.ts`);

/** What `npm run test:shapes` runs, on every shape of the cluster's network: names and paths, and how a pod's network is made. */
export const SHAPES_STAGE: Stage = {
  ...withEnvironment(
    { VETHSCOPE_SHAPES: 'all' },
    mocha('shapes', 60, 180, ['test/cluster/cases.test.ts', 'test/cluster/wiringTables.test.ts']),
  ),
  parts: ['native', 'bundles', 'cluster'],
  cluster: true,
};

export const STAGES: readonly Stage[] = [
  { name: 'check', parts: ['check', 'native', 'bundles'], command: ['node', 'tools/check.ts'], minutes: 5 },
  { ...mocha('unit', 5, 10, SOURCES), parts: [] },
  { ...mocha('native', 5, 60, ['agent/native/test/**/*.test.ts']), parts: ['native', 'bundles', 'lab'] },
  { ...mocha('fuzz', 5, 120, ['test/fuzz/**/*.test.ts']), parts: ['native', 'lab'] },
  { ...mocha('lab', 15, 120, ['test/lab/**/*.test.ts']), parts: ['native', 'bundles', 'lab'] },
  {
    ...mocha('cluster', 25, 180, ['test/cluster/**/*.test.ts']),
    parts: ['native', 'bundles', 'cluster'],
    cluster: true,
  },
  {
    name: 'host',
    parts: ['native', 'bundles', 'vscode', 'browser'],
    command: ['node', 'test/host/main.ts'],
    minutes: 5,
    results: { file: join(RESULTS, 'host-tests.json'), read: hostCounts },
  },
  { name: 'package', parts: ['native', 'bundles'], command: ['node', 'tools/package.ts'], minutes: 5 },
  {
    // What ships is what is tested: the packed extension, installed.
    ...withEnvironment({ VETHSCOPE_VSIX: VSIX }, mocha('e2e', 25, 300, ['test/e2e/**/*.test.ts'])),
    parts: ['native', 'bundles', 'lab', 'vscode', 'browser', 'cluster'],
    cluster: true,
  },
];
