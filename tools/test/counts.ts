/** Reads how many tests passed out of what the test programs leave behind. */
import { existsSync, readFileSync } from 'node:fs';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Titles of the failed ones, or why the stage itself failed. */
  readonly failures: readonly string[];
}

export const failure = (why: string): Counts => ({ passed: 0, failed: 1, skipped: 0, failures: [why] });

/** Both counts together. */
export const sum = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
  failures: [...a.failures, ...b.failures],
});

interface MochaResult {
  readonly stats: { readonly passes: number; readonly failures: number; readonly pending: number };
  readonly failures: readonly { readonly fullTitle: string; readonly err?: { readonly message?: string } }[];
}

/** Title and the first line of what went wrong: the rest is in the stage's log. */
function reason({ fullTitle, err }: MochaResult['failures'][number]): string {
  const [line] = (err?.message ?? '').split('\n');
  return line === undefined || line === '' ? fullTitle : `${fullTitle}: ${line}`;
}

/** Of mocha's JSON reporter. Without the file mocha did not come to its end. */
export function mochaCounts(file: string): Counts {
  if (!existsSync(file)) return failure('mocha ended without a result');
  const { stats, failures } = JSON.parse(readFileSync(file, 'utf8')) as MochaResult;
  return {
    passed: stats.passes,
    failed: failures.length,
    skipped: stats.pending,
    failures: failures.map(reason),
  };
}

interface HostResult {
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'pending';
}

/** Of test/host/main.ts. */
export function hostCounts(file: string): Counts {
  if (!existsSync(file)) return failure('the extension host ended without a result');
  const results = JSON.parse(readFileSync(file, 'utf8')) as HostResult[];
  const titles = (state: HostResult['state']) =>
    results.filter((result) => result.state === state).map(({ title }) => title);
  return {
    passed: titles('passed').length,
    failed: titles('failed').length,
    skipped: titles('pending').length,
    failures: titles('failed'),
  };
}

export interface Exit {
  /** null when a signal ended it. */
  readonly code: number | null;
  /** Why we killed it, if we did. */
  readonly killed: 'time limit' | 'lingering' | null;
}

/** What a stage's exit says beside its results: a program that fails, hangs, or tests nothing, has failed. */
export function judge(counts: Counts, { code, killed }: Exit): Counts {
  if (killed === 'time limit') return sum(counts, failure('exceeded its time limit'));
  if (killed === 'lingering') {
    return sum(counts, failure('did not end after its last test: something stays open'));
  }
  if (counts.failed > 0) return counts;
  if (code !== 0) return sum(counts, failure(`ended with ${code ?? 'a signal'} though no test failed`));
  return counts.passed > 0 ? counts : sum(counts, failure('ran no test'));
}
