import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Pod } from '../../../src/model/inventory.ts';
import { PodAddresses } from './podAddresses.ts';

const ADDRESS = '10.244.1.5';
const START = Date.parse('2026-01-01T10:00:00Z');

interface State {
  readonly phase?: string;
  readonly isTerminating?: boolean;
  readonly hasAddress?: boolean;
}

function pod(uid: string, startedAt: number, { phase, isTerminating, hasAddress }: State): Pod {
  return {
    kind: 'Pod',
    metadata: {
      // The same name each time, as a StatefulSet gives it.
      name: 'web-0',
      namespace: 'shop',
      uid,
      deletionTimestamp: isTerminating === true ? new Date(startedAt).toISOString() : undefined,
    },
    spec: { containers: [{ name: 'main' }] },
    status: {
      phase: phase ?? 'Running',
      podIPs: hasAddress === false ? [] : [{ ip: ADDRESS }],
      startTime: `${new Date(startedAt).toISOString().slice(0, 19)}Z`,
    },
  };
}

/** A pod's life as it is and as the API tells it; delays are milliseconds. */
interface Life {
  /** After the pod before gave the address back. */
  readonly pause: number;
  readonly length: number;
  /** From its start time until it has the address, and from then until that is told. */
  readonly waiting: number;
  readonly told: number;
  readonly end: 'removed' | 'terminated' | 'finished';
  /** From giving the address back until the API says that it is over. */
  readonly late: number;
  readonly seenWithout: boolean;
}

interface Holder {
  readonly uid: string;
  readonly from: number;
  readonly until: number;
}

interface Event {
  readonly at: number;
  readonly apply: (addresses: PodAddresses, now: number) => void;
}

const LIFE = fc.record<Life>({
  pause: fc.integer({ min: 0, max: 3000 }),
  length: fc.integer({ min: 100, max: 20_000 }),
  waiting: fc.integer({ min: 0, max: 30_000 }),
  told: fc.integer({ min: 0, max: 5000 }),
  end: fc.constantFrom('removed', 'terminated', 'finished'),
  late: fc.integer({ min: 0, max: 3000 }),
  seenWithout: fc.boolean(),
});

/** Pods that have one address in turn, and what the API says of each in its order. */
function story(lives: readonly Life[]): { holders: Holder[]; events: Event[][] } {
  const holders: Holder[] = [];
  let free = START + 60_000;
  const events = lives.map(({ pause, length, waiting, told: delay, end, late, seenWithout }, index) => {
    // An address is of one node, whose kubelet tells of it in order: of the next pod after this one.
    const told = Math.min(delay, length);
    const uid = `uid-${index}`;
    const from = free + pause;
    const until = from + length;
    const started = from - waiting;
    holders.push({ uid, from, until });
    free = until;
    const own: Event[] = [];
    const upsert = (at: number, state: State): void => {
      const object = pod(uid, started, state);
      own.push({ at, apply: (addresses, now) => addresses.upsert(object, now) });
    };
    if (seenWithout) upsert(started, { hasAddress: false, phase: 'Pending' });
    upsert(from + told, {});
    const over = until + late;
    if (end === 'terminated') upsert(Math.max(from + told, until - 50), { isTerminating: true });
    if (end === 'finished') upsert(over, { phase: 'Succeeded' });
    else own.push({ at: over, apply: (addresses, now) => addresses.remove(uid, now) });
    return own;
  });
  return { holders, events };
}

describe('PodAddresses', () => {
  it('never names one pod where another had the address, once all is told', () => {
    fc.assert(
      fc.property(fc.array(LIFE, { minLength: 1, maxLength: 4 }), fc.nat(1_000_000), (lives, seed) => {
        const { holders, events } = story(lives);
        const addresses = new PodAddresses();
        for (const { at, apply } of events.flat().sort((a, b) => a.at - b.at)) apply(addresses, at);
        for (const { uid, from, until } of holders) {
          const when = from + (seed % (until - from));
          const uids = addresses.podsAt(ADDRESS, when).map(({ metadata }) => metadata.uid);
          assert.ok(uids.length !== 1 || uids[0] === uid, `${uids.join()} at ${when - START}, not ${uid}`);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('says the same of a time whatever the order of events of different pods', () => {
    const batches = fc.array(LIFE, { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(
        batches,
        fc.infiniteStream(fc.nat(3)),
        fc.integer({ min: 0, max: 90_000 }),
        (lives, turns, late) => {
          const { events } = story(lives);
          const [ordered, mixed] = [new PodAddresses(), new PodAddresses()];
          // All of it is told at once, late; the order within a pod stays.
          const now = START + 200_000;
          for (const { apply } of events.flat()) apply(ordered, now);
          const queues = events.map((own) => [...own]);
          while (queues.some((own) => own.length > 0)) {
            queues[(turns.next().value as number) % queues.length]?.shift()?.apply(mixed, now);
          }
          const uidsOf = (addresses: PodAddresses): string[] =>
            addresses
              .podsAt(ADDRESS, START + 60_000 + late)
              .map(({ metadata }) => metadata.uid)
              .sort();
          assert.deepEqual(uidsOf(mixed), uidsOf(ordered));
        },
      ),
    );
  });

  it('knows a pod from another of the same name', () => {
    const addresses = new PodAddresses();
    addresses.upsert(pod('uid-old', START, {}), START);
    addresses.remove('uid-old', START + 60_000);
    addresses.upsert(pod('uid-new', START + 61_000, {}), START + 62_000);
    const uidAt = (when: number): string | undefined => addresses.podsAt(ADDRESS, when)[0]?.metadata.uid;
    assert.deepEqual([uidAt(START + 30_000), uidAt(START + 63_000)], ['uid-old', 'uid-new']);
  });

  it('lists both while the address is known to have gone from one to the other and not yet when', () => {
    const addresses = new PodAddresses();
    addresses.upsert(pod('uid-old', START, {}), START);
    addresses.upsert(pod('uid-new', START + 60_000, {}), START + 62_000);
    const uidsAt = (when: number): string[] =>
      addresses.podsAt(ADDRESS, when).map(({ metadata }) => metadata.uid);
    assert.deepEqual(uidsAt(START + 57_000), ['uid-old']);
    assert.deepEqual(uidsAt(START + 61_000), ['uid-old', 'uid-new']);
    assert.deepEqual(uidsAt(START + 62_000), ['uid-new']);
  });

  it('forgets a pod that is gone for five minutes, and no other of its address', () => {
    const addresses = new PodAddresses();
    for (const [index, uid] of ['first', 'second', 'third'].entries()) {
      addresses.upsert(pod(uid, START + index * 60_000, {}), START + index * 60_000);
      if (uid !== 'third') addresses.remove(uid, START + index * 60_000 + 50_000);
    }
    const uidAt = (seconds: number): string | undefined =>
      addresses.podsAt(ADDRESS, START + seconds * 1000)[0]?.metadata.uid;
    const held = (): (string | undefined)[] => [uidAt(30), uidAt(90), uidAt(150)];
    addresses.forget(START + 349_000);
    assert.deepEqual(held(), ['first', 'second', 'third']);
    addresses.forget(START + 350_000);
    assert.deepEqual(held(), [undefined, 'second', 'third']);
    addresses.forget(START + 500_000);
    assert.deepEqual(held(), [undefined, undefined, 'third']);
    // Told of again, it is a pod like any other.
    addresses.upsert(pod('first', START + 600_000, {}), START + 600_000);
    assert.equal(uidAt(601), 'first');
  });
});
