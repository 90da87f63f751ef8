import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { openCollector } from './addon.ts';
import { run } from './vethPair.ts';

const budgetFile = resolve(import.meta.dirname, 'verifierBudget.json');
/** Another kernel or compiler walks a little more or less. */
const ALLOWED_GROWTH = 1.15;
/** BPF_STX | BPF_ATOMIC of 4 and 8 bytes (linux/bpf.h). */
const ATOMIC_OPCODES = ['c3', 'db'];

const WAYS = ['shared', 'per-cpu'] as const;

describe('verifier', function () {
  this.timeout(30_000);

  it('walks no more instructions than the budget allows', () => {
    const budget = JSON.parse(readFileSync(budgetFile, 'utf8')) as Record<string, number>;
    const walked: Record<string, number> = {};
    for (const counters of WAYS) {
      const collector = openCollector({ counters });
      Object.assign(walked, collector.verifiedInstructions());
      collector.close();
    }
    assert.deepEqual(Object.keys(walked).sort(), Object.keys(budget).sort());
    for (const [program, count] of Object.entries(walked)) {
      const allowed = Math.floor((budget[program] ?? 0) * ALLOWED_GROWTH);
      console.log(
        `      ${program}: ${count} instructions, budget ${budget[program]}, allowed ${allowed} of 1,000,000`,
      );
      assert(
        count <= allowed,
        `The verifier walks ${count} instructions of ${program}; ${allowed} are allowed. Find what made it grow ` +
          `(a loop, an inlined function, a branch before either), or, if it is worth it, write ${count} into ${budgetFile} ` +
          'and say in the commit why.',
      );
    }
  });

  it('meets no atomic operation in the programs that count per CPU', () => {
    const atomics = WAYS.map((counters) => {
      const collector = openCollector({ counters });
      const [program = 0] = programsNamed(counters === 'shared' ? 'ingress' : 'ingress_percpu');
      const found = opcodes(program).filter((opcode) => ATOMIC_OPCODES.includes(opcode)).length;
      collector.close();
      return found;
    });
    assert((atomics[0] ?? 0) > 0, 'the shared counters have some, so that they would be found');
    assert.equal(atomics[1], 0);
  });
});

/** Ids of loaded programs of a name, the newest first. */
function programsNamed(name: string): number[] {
  const output = run('bpftool', '-j', 'prog', 'show');
  return (JSON.parse(output) as { id: number; name?: string }[])
    .filter((program) => program.name === name)
    .map(({ id }) => id)
    .reverse();
}

/** First byte of each instruction, as the kernel has the program. */
function opcodes(programId: number): string[] {
  const output = run('bpftool', '-j', 'prog', 'dump', 'xlated', 'id', String(programId), 'opcodes');
  const instructions = JSON.parse(output) as { opcodes?: { code: string } }[];
  return instructions.flatMap(({ opcodes: codes }) => (codes ? [codes.code.replace('0x', '')] : []));
}
