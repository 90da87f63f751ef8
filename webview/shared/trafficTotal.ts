import type { Traffic } from '../../src/model/flow.ts';
import type { InterfaceTraffic } from '../../src/model/interfaceView/interfaceTraffic.ts';
import { COUNTED_KINDS } from '../../src/model/interfaceView/traffic.ts';
import type { KindCount } from '../../src/model/interfaceView/trafficCounts.ts';
import { NOTHING_COUNTED } from '../../src/model/interfaceView/trafficCounts.ts';

const NONE: Traffic = { packets: 0, bytes: 0 };

/** Everything that was counted at the interface. */
export function totalOf({ counts, rates, departed }: InterfaceTraffic): {
  readonly count: KindCount;
  readonly rate: Traffic | null;
} {
  const all = [...COUNTED_KINDS.map((kind) => counts[kind]), departed];
  const count = all.reduce(
    (sum, { packets, bytes, inner }) => ({ ...plus(sum, { packets, bytes }), inner: plus(sum.inner, inner) }),
    NOTHING_COUNTED,
  );
  const rate = rates === null ? null : COUNTED_KINDS.reduce((sum, kind) => plus(sum, rates[kind]), NONE);
  return { count, rate };
}

const plus = (a: Traffic, b: Traffic): Traffic => ({
  packets: a.packets + b.packets,
  bytes: a.bytes + b.bytes,
});
