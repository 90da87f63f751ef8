import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';

import type { Attachment, Closable, Direction, ProgramObject } from '../index.d.ts';
import { addon } from './addon.ts';
import { datagrams } from './traffic.ts';
import { addFilter, emptyObject, filters, runCount } from './trafficControl.ts';
import { linkStatistics } from './vethPair.ts';
import type { LinkStatistics } from './vethPair.ts';
import type { End, VethPair } from './vethPair.ts';

export const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];

/** Before and behind our own priority; the last is one that the kernel chooses. */
const PRIORITIES = [['prio', '1'], ['prio', '156'], ['prio', '157', 'handle', '1'], ['prio', '200'], []];

type Programs = Record<Direction, number[]>;

/** Programs of other tools on the right interface of a pair: all of them let everything pass. */
export class Neighbours {
  readonly #pair: VethPair;
  readonly #objects: ProgramObject[] = [];
  /** Kept, because a handle that is collected detaches. */
  readonly #attachments: Attachment[] = [];
  readonly #programs: Programs = { ingress: [], egress: [] };
  readonly #statistics: Closable;

  constructor(pair: VethPair, legacy: boolean) {
    this.#pair = pair;
    this.#statistics = addon.enableStatistics();
    // Nothing else passes while counters are read, such as a neighbour that is asked again.
    knowForever(pair.left, pair.right);
    knowForever(pair.right, pair.left);
    const { right } = pair;
    if (!legacy) return;
    right.run('tc', 'qdisc', 'add', 'dev', right.name, 'clsact');
    for (const direction of DIRECTIONS) {
      for (const place of PRIORITIES) addFilter(right, direction, ...place);
      const programs = filters(right, direction).map(({ programId }) => programId);
      assert.equal(new Set(programs).size, PRIORITIES.length);
      this.#programs[direction].push(...programs);
    }
  }

  /** One more TCX program in each direction, before all that are there. */
  addTcx(): void {
    const { right } = this.#pair;
    const object = new addon.ProgramObject(emptyObject);
    this.#objects.push(object);
    for (const direction of DIRECTIONS) {
      const attachment = object.attach(`count_${direction}`, right.netns, right.ifindex, direction);
      this.#attachments.push(attachment);
      this.#programs[direction].push(attachment.programId);
    }
  }

  /** Sends packets both ways: each program ran for every packet that the interface counted. @param ours more of them */
  assertAllHit(ours: Programs): void {
    const { left, right } = this.#pair;
    const all = (direction: Direction): number[] => [...this.#programs[direction], ...ours[direction]];
    const counts = (): Record<Direction, number[]> => ({
      ingress: all('ingress').map(runCount),
      egress: all('egress').map(runCount),
    });
    const read = (): readonly [Record<Direction, number[]>, LinkStatistics] => [
      counts(),
      linkStatistics(right),
    ];
    const [before, packetsBefore] = inRest(read);
    datagrams(left, right.ipv4, 4001, 50, 20);
    datagrams(right, left.ipv4, 4002, 50, 20);
    const [after, packetsAfter] = inRest(read);

    const hits = (direction: Direction): number[] =>
      after[direction].map((count, index) => count - (before[direction][index] ?? 0));
    const received = packetsAfter.rx.packets - packetsBefore.rx.packets;
    const sent = packetsAfter.tx.packets - packetsBefore.tx.packets;
    assert(received >= 50 && sent >= 50, `${received} received, ${sent} sent`);
    assert.deepEqual(
      hits('ingress'),
      all('ingress').map(() => received),
    );
    assert.deepEqual(
      hits('egress'),
      all('egress').map(() => sent),
    );
  }

  close(): void {
    for (const handle of [...this.#attachments, ...this.#objects]) handle.close();
    this.#statistics.close();
  }
}

/** A reading that the next one is equal to: a busy kernel may have packets of before on their way. */
function inRest<T>(read: () => T): T {
  let last = read();
  for (let tries = 0; tries < 20; tries += 1) {
    const next = read();
    if (isDeepStrictEqual(last, next)) return next;
    last = next;
  }
  throw new Error('packets pass all the time');
}

function knowForever(end: End, other: End): void {
  const mac = other.netns.links().find(({ ifindex }) => ifindex === other.ifindex)?.mac ?? '';
  const entry = [other.ipv4, 'lladdr', mac, 'dev', end.name, 'nud', 'permanent'];
  end.run('ip', 'neighbour', 'replace', ...entry);
}
