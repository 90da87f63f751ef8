import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostCounts, judge, mochaCounts } from './counts.ts';

describe('counts of a test stage', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vethscope-counts-'));
  const file = join(folder, 'results.json');
  after(() => rmSync(folder, { recursive: true }));
  const done = { code: 0, killed: null };
  const passed = { passed: 3, failed: 0, skipped: 0, failures: [] };

  it('reads what mocha writes', () => {
    const stats = { passes: 2, failures: 1, pending: 1 };
    writeFileSync(
      file,
      JSON.stringify({ stats, failures: [{ fullTitle: 'a thing', err: { message: 'breaks\nhere' } }] }),
    );
    assert.deepEqual(mochaCounts(file), { passed: 2, failed: 1, skipped: 1, failures: ['a thing: breaks'] });
  });

  it('reads what the extension host writes', () => {
    const results = [
      { title: 'one', state: 'passed' },
      { title: 'two', state: 'failed' },
      { title: 'three', state: 'pending' },
    ];
    writeFileSync(file, JSON.stringify(results));
    assert.deepEqual(hostCounts(file), { passed: 1, failed: 1, skipped: 1, failures: ['two'] });
  });

  it('fails a stage that left no result', () => {
    assert.equal(mochaCounts(join(folder, 'absent.json')).failed, 1);
    assert.equal(hostCounts(join(folder, 'absent.json')).failed, 1);
  });

  it('fails a stage that tested nothing, ended badly, or took too long', () => {
    assert.equal(judge(passed, done).failed, 0);
    assert.deepEqual(judge({ ...passed, passed: 0 }, done).failures, ['ran no test']);
    assert.deepEqual(judge(passed, { code: 1, killed: null }).failures, [
      'ended with 1 though no test failed',
    ]);
    assert.deepEqual(judge(passed, { code: null, killed: 'time limit' }).failures, [
      'exceeded its time limit',
    ]);
    assert.equal(judge(passed, { code: null, killed: 'lingering' }).failed, 1);
  });
});
