/** What the runner in the extension host tells the one outside. */
export interface HostTestResult {
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'pending';
  readonly milliseconds: number;
  readonly error?: string;
}

/** Prints the results; returns whether all is well. */
export function report(tests: readonly HostTestResult[]): boolean {
  for (const { state, title, milliseconds, error } of tests) {
    console.log(`${state.padEnd(7)} ${title} (${milliseconds} ms)${error === undefined ? '' : `\n${error}`}`);
  }
  const failed = tests.filter(({ state }) => state === 'failed').length;
  console.log(`${tests.length} tests in the extension host, ${failed} failed`);
  return tests.length > 0 && failed === 0;
}
