/** The table that the test prints. */
import type { Fault, FaultKind } from './judge.ts';

export interface Line {
  readonly name: string;
  /** The node whose agent showed it. */
  readonly agent: string;
  readonly expected: string;
  readonly shown: string;
  readonly evidence: string;
  readonly faults: readonly Fault[];
}

export class CaseTable {
  readonly #lines: Line[] = [];

  add(line: Line): void {
    this.#lines.push(line);
  }

  get faults(): string[] {
    return this.#lines.flatMap(({ name, agent, faults }) =>
      faults.map(({ kind, text }) => `${name} (${agent}): ${kind}: ${text}`),
    );
  }

  count(kind: FaultKind): number {
    return this.#lines.flatMap(({ faults }) => faults).filter((fault) => fault.kind === kind).length;
  }

  text(title: string): string {
    const blocks = this.#lines.map(({ name, agent, expected, shown, evidence, faults }) =>
      [
        `${faults.length === 0 ? 'ok' : 'NO'}  ${name}, by the agent of ${agent}`,
        `    expected  ${expected}`,
        `    shown     ${shown}`,
        `    evidence  ${evidence}`,
        ...faults.map(({ kind, text }) => `    ${kind}: ${text}`),
      ].join('\n'),
    );
    const counts = (['wrong name', 'guessed as certain', 'unnamed', 'missing', 'double'] as const).map(
      (kind) => `${kind}: ${this.count(kind)}`,
    );
    return [`${title}: ${this.#lines.length} rows`, ...blocks, counts.join(', ')].join('\n');
  }
}
