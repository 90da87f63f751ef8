import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OBSERVATION_POINTS } from './flow.ts';
import { fieldMatcher, flowQuery, pointMatcher, queryCompletions } from './flowQuery.ts';

describe('flowQuery', () => {
  it('takes words and fields apart', () => {
    assert.deepEqual(flowQuery('  Web interface:VETH1 :443 point:endpoint').terms, [
      { kind: 'word', text: 'web' },
      { kind: 'interface', text: 'veth1' },
      { kind: 'word', text: ':443' },
      { kind: 'point', text: 'endpoint' },
    ]);
  });

  it('leaves addresses and names with a colon as they are', () => {
    for (const text of [
      'fd00:10::1',
      'dead:beef::1',
      ':80',
      '10.0.0.1:80',
      'default/kubernetes:https',
      'a:b',
    ]) {
      assert.deepEqual(flowQuery(text), { terms: [{ kind: 'word', text }], problem: null });
    }
  });

  it('says what is wrong, and where', () => {
    const problem = (text: string): unknown[] => {
      const found = flowQuery(text).problem;
      return [found?.position, found?.message];
    };
    assert.deepEqual(problem('web interfce:eth0'), [
      4,
      'There is no field “interfce”: a filter knows interface: and point:.',
    ]);
    assert.match(String(problem('interface:')[1]), /^Write the name of an interface after/);
    assert.match(String(problem('x point:nowhere')[1]), /^There is no observation point “nowhere”/);
    assert.equal(problem('x point:nowhere')[0], 2);
  });

  it('loses no word, whatever is written', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z:.*/-]{1,8}$/)), (words) => {
        const { terms, problem } = flowQuery(words.join(' '));
        const whole = terms.length === words.length;
        assert.ok(whole || problem !== null);
        if (problem !== null) assert.ok(words.join(' ').slice(problem.position).length > 0);
      }),
    );
  });

  it('matches all of a name, with * for anything and nothing else special', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 4 }), (name, more) => {
        const plain = name.toLowerCase();
        fc.pre(!plain.includes('*'));
        assert.ok(fieldMatcher(plain)(name));
        assert.ok(fieldMatcher(`${plain}*`)(name + more));
        assert.equal(fieldMatcher(plain)(name + more), (name + more).toLowerCase() === plain);
      }),
    );
  });

  it('asks for both directions of a point, or for one', () => {
    const taken = (asked: string): string[] =>
      OBSERVATION_POINTS.filter((point) => pointMatcher(asked)(point));
    assert.deepEqual(taken('endpoint'), ['from-endpoint', 'to-endpoint']);
    assert.deepEqual(taken('to-network'), ['to-network']);
    assert.deepEqual(taken('from-*').length, OBSERVATION_POINTS.length / 2);
  });

  it('completes names of fields, and of points', () => {
    assert.deepEqual(queryCompletions('web in'), ['web interface:']);
    assert.deepEqual(queryCompletions('point:from-e'), ['point:from-endpoint']);
    assert.deepEqual(queryCompletions('point:'), [
      'point:endpoint',
      'point:network',
      'point:overlay',
      'point:host',
      'point:bridge',
    ]);
    assert.deepEqual(queryCompletions('web '), []);
  });
});
