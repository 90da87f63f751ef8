import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TcpStreams } from './tcpStreams.ts';

interface Cut {
  readonly sequence: number;
  readonly data: Buffer;
}

/** Messages with their lengths, cut into segments from a sequence number on. */
function segments(messages: readonly Uint8Array[], sizes: readonly number[], first: number): Cut[] {
  const bytes = Buffer.concat(
    messages.flatMap((message) => [Buffer.of(message.length >> 8, message.length & 255), message]),
  );
  const cuts: Cut[] = [];
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const end = Math.min(bytes.length, at + (sizes[index % sizes.length] ?? 1));
    cuts.push({ sequence: (first + at) >>> 0, data: bytes.subarray(at, end) });
    at = end;
  }
  return cuts;
}

const message = fc.uint8Array({ minLength: 1, maxLength: 300 });
const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 });
/** Sequence numbers come round at 2^32. */
const first = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.integer({ min: 0xffffff00, max: 0xffffffff }),
);

describe('TcpStreams', () => {
  it('gives the messages that were cut up, however the segments are repeated and out of order', () => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 6 }),
        sizes,
        first,
        fc.infiniteStream(fc.integer({ min: 0, max: 3 })),
        (messages, cut, start, choices) => {
          const streams = new TcpStreams();
          const [head, ...rest] = segments(messages, cut, start);
          const waiting = [...rest];
          const found: Buffer[] = [];
          let sent = head;
          while (sent !== undefined) {
            found.push(...streams.add('a', sent.sequence, sent.data, 0));
            const choice = Number(choices.next().value);
            // 3 sends the same again; the others take one of the next three.
            if (choice === 3) found.push(...streams.add('a', sent.sequence, sent.data, 0));
            sent = waiting.splice(Math.min(choice % 3, waiting.length - 1), 1)[0];
          }
          assert.deepEqual(
            found.map((one) => [...one]),
            messages.map((one) => [...one]),
          );
          assert.equal(streams.unassembled, 0);
        },
      ),
    );
  });

  it('goes on behind a gap that is never filled, and counts it', () => {
    const streams = new TcpStreams();
    const [one, two, three] = ['one', 'two', 'three'].map((text) => Buffer.from(text));
    assert.ok(one && two && three);
    const cuts = segments([one, two, three], [5, 5, 7], 100);
    const [a, , c] = cuts;
    assert.ok(a && c);
    assert.deepEqual(streams.add('a', a.sequence, a.data, 0), [one]);
    assert.deepEqual(streams.add('a', c.sequence, c.data, 1e9), []);
    assert.deepEqual(streams.add('a', c.sequence, c.data, 4e9), [three]);
    assert.equal(streams.unassembled, 1);
  });

  it('keeps so many streams at most, and takes a far sequence number for another connection', () => {
    const streams = new TcpStreams(2);
    for (const key of ['a', 'b', 'c']) streams.add(key, 0, Buffer.of(0, 9, 1), 0);
    assert.equal(streams.unassembled, 1);
    assert.deepEqual(streams.add('c', 0x80000000, Buffer.of(0, 1, 7), 0), [Buffer.of(7)]);
    assert.equal(streams.unassembled, 2);
  });
});
