import assert from 'node:assert/strict';
import { unknownEndpoint } from '../../../src/model/endpoint.ts';
import fc from 'fast-check';
import type { Endpoint } from '../../../src/model/endpoint.ts';
import { dnsClients } from './dnsClients.ts';
import type { KeptNaming, Naming } from './dnsNames.ts';
import { DnsNames } from './dnsNames.ts';

const SECOND = 1000;

function naming(name: string, from: number, ttl: number, address = '192.0.2.1'): Naming {
  return { address, name, from, until: from + ttl };
}

function namesOf(names: DnsNames, client: string, when: number): readonly string[] {
  return names.of('192.0.2.1', () => [client], when);
}

describe('DnsNames', () => {
  it('has names by client and time, whatever the order of settling, as a plain list of answers has', () => {
    const answers = fc.record({
      client: fc.constantFrom('a', 'b'),
      moved: fc.constantFrom('a', 'b'),
      name: fc.constantFrom('one.test', 'two.test'),
      from: fc.integer({ min: 0, max: 60 * SECOND }),
      ttl: fc.integer({ min: 0, max: 20 * SECOND }),
    });
    const times = fc.integer({ min: 0, max: 90 * SECOND });
    fc.assert(
      fc.property(fc.array(answers, { maxLength: 12 }), fc.array(times, { minLength: 1 }), (list, whens) => {
        const names = new DnsNames();
        const inTime = [...list].sort((one, other) => one.from - other.from);
        const kept = inTime.map((one): KeptNaming =>
          names.add(one.client, naming(one.name, one.from, one.ttl)),
        );
        kept.forEach((one, index) => names.move(one, inTime[index]?.moved ?? ''));
        kept.forEach((one) => names.settle(one));
        for (const client of ['a', 'b']) {
          for (const when of whens) {
            const held = inTime.filter(({ moved, from, ttl }) => {
              return moved === client && from - 21 <= when && when <= from + ttl + SECOND;
            });
            assert.deepEqual(new Set(namesOf(names, client, when)), new Set(held.map(({ name }) => name)));
          }
        }
      }),
    );
  });

  it('keeps what a client is told again and again as one', () => {
    const names = new DnsNames();
    for (let second = 0; second < 100; second += 1) {
      names.settle(names.add('a', naming('one.test', second * SECOND, 30 * SECOND)));
    }
    assert.equal(names.size, 1);
    assert.deepEqual(namesOf(names, 'a', 0), ['one.test']);
    assert.deepEqual(namesOf(names, 'a', 129 * SECOND), ['one.test']);
  });

  it('gives room to newer names, and counts those that still held', () => {
    const names = new DnsNames(2);
    names.add('a', naming('short.test', 0, SECOND));
    names.add('a', naming('long.test', 0, 60 * SECOND));
    names.add('a', naming('third.test', 2 * SECOND, 60 * SECOND));
    assert.equal(names.evicted, 0);
    names.add('a', naming('fourth.test', 3 * SECOND, 60 * SECOND));
    assert.equal(names.evicted, 1);
    assert.deepEqual(namesOf(names, 'a', 4 * SECOND), ['fourth.test', 'third.test']);
  });

  it('forgets what held long ago', () => {
    const names = new DnsNames();
    names.add('a', naming('old.test', 0, SECOND));
    names.add('a', naming('new.test', 400 * SECOND, SECOND));
    assert.equal(names.size, 1);
  });
});

describe('dnsClients', () => {
  const end = (changes: Partial<Endpoint>): Endpoint => ({
    ...unknownEndpoint('172.30.0.11'),
    node: 'node-a',
    ...changes,
  });

  it('tells two pods in the node’s network apart, and gives both what only the node is known to have asked', () => {
    const [one, other] = ['uid-one', 'uid-other'].map((uid) =>
      dnsClients(end({ kind: 'pod', uid, evidence: ['cgroup', 'node-ip'] }), 1),
    );
    const node = dnsClients(end({ kind: 'node', name: 'node-a', evidence: ['node-ip'] }), 1);
    assert.notEqual(one?.[0], other?.[0]);
    assert.deepEqual([one?.[1], other?.[1]], [node[0], node[0]]);
    assert.equal(node.length, 1);
  });

  it('knows a pod by its uid alone, and two nodes by their names', () => {
    const pod = (address: string): readonly string[] =>
      dnsClients({ ...end({ kind: 'pod', uid: 'uid-pod', evidence: ['veth', 'pod-ip'] }), address }, 1);
    assert.deepEqual(pod('10.244.1.5'), pod('fd00::5'));
    assert.equal(pod('10.244.1.5').length, 1);
    const node = (name: string): readonly string[] => dnsClients(end({ kind: 'node', name, node: name }), 1);
    assert.notDeepEqual(node('node-a'), node('node-b'));
  });
});
