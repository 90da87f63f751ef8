import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FlowsQuestion } from '../model/panelMessages.ts';
import { questionOf } from './question.ts';

describe('questionOf', () => {
  const questions: FlowsQuestion[] = [
    {
      source: { kind: 'cluster', kubeconfig: '/a:/b', context: 'prod' },
      target: { kind: 'pod', namespace: 'shop', name: 'web-1' },
    },
    { source: { kind: 'local', name: 'lab' }, target: { kind: 'node', node: 'lab' } },
  ];

  it('finds the question in what a page kept', () => {
    for (const question of questions) {
      assert.deepEqual(questionOf({ widths: {}, question: structuredClone(question) }), question);
    }
  });

  it('takes nothing but a whole question', () => {
    const [first] = questions;
    assert.equal(questionOf({ question: { ...first, target: { kind: 'pod', namespace: 'shop' } } }), null);
    assert.equal(questionOf({ question: { ...first, source: { kind: 'exec', command: 'rm' } } }), null);
    fc.assert(fc.property(fc.anything(), (kept) => questionOf(kept) === null));
  });
});
