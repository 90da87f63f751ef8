import assert from 'node:assert/strict';
import type { Addon } from './collector/addon.ts';
import type { Collection } from './collector/collection.ts';
import { ProgramCost } from './programCost.ts';

describe('cost of the programs', () => {
  it('is not measured where the first reading fails: statistics are not left on, and that is told once', () => {
    let on = 0;
    const statistics = {
      enableStatistics: () => {
        on += 1;
        return { close: () => (on -= 1) };
      },
    };
    const collection = {
      statistics: () => {
        throw new Error('bpf(BPF_OBJ_GET_INFO_BY_FD)');
      },
    };
    const told: string[] = [];
    const cost = new ProgramCost(
      statistics as unknown as Addon,
      collection as unknown as Collection,
      (message) => told.push(message),
    );
    cost.tick();
    cost.tick();
    cost.close();
    assert.equal(on, 0);
    assert.deepEqual(told, ['what the programs cost is not measured: bpf(BPF_OBJ_GET_INFO_BY_FD)']);
  });
});
