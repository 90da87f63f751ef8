import { loadPayload } from '../collector/addon.ts';
import type { DoctorCheck } from '../collector/checks.ts';
import { runChecks, SIMULATIONS } from '../collector/checks.ts';
import { Failure } from '../failure.ts';
import { ciliumRefusal } from '../nat/cilium/ciliumNode.ts';

export interface DoctorOptions {
  readonly json: boolean;
  /** Comma-separated names of things to take away. */
  readonly simulate?: string;
}

/** Prints what this machine offers; the exit code says whether observing is possible. */
export function doctor(options: DoctorOptions): void {
  const checks = runChecks(loadPayload, simulations(options.simulate), ciliumRefusal);
  const possible = checks.every(({ available, required }) => available || !required);
  process.stdout.write(
    options.json ? `${JSON.stringify({ possible, checks }, null, 2)}\n` : report(checks, possible),
  );
  if (!possible) process.exitCode = 1;
}

function simulations(text: string | undefined): string[] {
  const names = text === undefined || text === '' ? [] : text.split(',');
  const unknown = names.filter((name) => !(name in SIMULATIONS));
  if (unknown.length === 0) return names;
  throw new Failure(
    `--simulate does not know ${unknown.join(', ')}`,
    `It knows ${Object.keys(SIMULATIONS).join(', ')}.`,
  );
}

function report(checks: readonly DoctorCheck[], possible: boolean): string {
  const lines = checks.flatMap(({ name, available, detail, effect, required }) => {
    const state = available ? 'yes' : required ? 'NO' : 'no';
    const head = `${name.padEnd(14)} ${state.padEnd(4)} ${detail}`.trimEnd();
    return effect === '' ? [head] : [head, `${' '.repeat(20)}${effect}`];
  });
  const verdict = possible
    ? 'Observing is possible here.'
    : 'Observing is impossible here, for the causes marked NO.';
  return [...lines, '', verdict, ''].join('\n');
}
