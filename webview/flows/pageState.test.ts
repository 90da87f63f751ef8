import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FLOW_COLUMNS } from '../../src/model/panelMessages.ts';
import { DEFAULT_PAGE_STATE, pageStateOf } from './pageState.ts';

describe('pageStateOf', () => {
  it('takes what an earlier page kept', () => {
    const kept = {
      widths: { client: 200 },
      hiddenColumns: ['via', 'rtt'],
      grouping: 'service',
      detailHeight: 300,
      ledgerOpen: true,
      selected: { agent: 0, flow: 7 },
      filter: { text: 'web', verdict: 'refused', ended: false },
      question: null,
    };
    assert.deepEqual(pageStateOf(structuredClone(kept)), kept);
  });

  it('leaves out what does not fit, part by part', () => {
    const kept = {
      widths: { client: 'wide' },
      hiddenColumns: 'via',
      grouping: 'zone',
      filter: { text: 1 },
      selected: {},
      ledgerOpen: true,
    };
    assert.deepEqual(pageStateOf(kept), { ...DEFAULT_PAGE_STATE, ledgerOpen: true });
  });

  it('never hides every column, and forgets those that are no more', () => {
    assert.deepEqual(pageStateOf({ hiddenColumns: ['rtt', 'color'] }).hiddenColumns, ['rtt']);
    const { hiddenColumns } = pageStateOf({ hiddenColumns: [...FLOW_COLUMNS] });
    assert.deepEqual(hiddenColumns, DEFAULT_PAGE_STATE.hiddenColumns);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.anything(), (kept) => {
        assert.ok(pageStateOf(kept));
      }),
    );
  });
});
