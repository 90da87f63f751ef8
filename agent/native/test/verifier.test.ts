import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { openCollector } from './addon.ts';

const budgetFile = resolve(import.meta.dirname, 'verifierBudget.json');
/** Another kernel or compiler walks a little more or less. */
const ALLOWED_GROWTH = 1.15;

describe('verifier', function () {
  this.timeout(30_000);

  it('walks no more instructions than the budget allows', () => {
    const budget = JSON.parse(readFileSync(budgetFile, 'utf8')) as Record<string, number>;
    const collector = openCollector();
    const walked = collector.verifiedInstructions();
    collector.close();
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
});
