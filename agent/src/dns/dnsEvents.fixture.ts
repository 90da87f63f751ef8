/** Builds DNS events as the kernel program writes them, for tests. */
import type { Answer } from 'dns-packet';
import { encode } from 'dns-packet';
import type { KeyedPacket } from '../collector/flowKey.fixture.ts';
import { keyOf } from '../collector/flowKey.fixture.ts';
import { EVENT, EVENT_BYTES, EVENT_KIND, IP_PROTOCOL, viewOf } from '../collector/flowLayout.ts';

/** Who asks whom; the answer goes the other way. */
export type Asking = Pick<KeyedPacket, 'from' | 'fromPort' | 'to' | 'netns'>;

/** @param time CLOCK_MONOTONIC nanoseconds */
export function dnsEvent(data: Buffer, time: number, asking: Asking, fromClient: boolean): Buffer {
  const { from, fromPort, to, netns } = asking;
  const ends = fromClient
    ? { from, fromPort, to, toPort: 53 }
    : { from: to, fromPort: 53, to: from, toPort: fromPort };
  const { key, fromHigh } = keyOf({ ...ends, protocol: IP_PROTOCOL.udp, netns });
  const bytes = Buffer.alloc(EVENT_BYTES + Math.ceil(data.length / 8) * 8);
  bytes.set(key);
  const view = viewOf(bytes);
  view.setUint16(EVENT.kind, EVENT_KIND.dns, true);
  view.setUint16(EVENT.point, (5 << 3) | (fromHigh ? 1 : 0), true);
  view.setBigUint64(EVENT.time, BigInt(time), true);
  view.setUint32(EVENT.captured, data.length, true);
  bytes.set(data, EVENT.data);
  return bytes;
}

export function question(id: number, name: string, type: 'A' | 'AAAA' = 'A'): Buffer {
  return encode({ type: 'query', id, questions: [{ type, name }] });
}

export function answer(id: number, name: string, answers: Answer[], type: 'A' | 'AAAA' = 'A'): Buffer {
  return encode({ type: 'response', id, questions: [{ type, name }], answers });
}
