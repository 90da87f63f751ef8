import type { Step } from '../path/walk.ts';
import type { PlacedInterface } from '../path/wirings.ts';
import { isPodWire } from './owner.ts';
import type { Passage } from './trafficLine.ts';
import type { Probe } from './probes.ts';

/** How the conversations of a kind pass an interface. */
export interface Passing {
  readonly passage: Passage;
  /** Those that pass. */
  readonly seen: readonly Probe[];
  /** Those that do not, or only with other addresses. */
  readonly missed: readonly Probe[];
  /** Whether some pass with other addresses than those of the kind: before or after translation. */
  readonly translated: boolean;
}

export function passingAt(at: PlacedInterface, probes: readonly Probe[]): Passing {
  const found = probes.map((probe) => ({ probe, steps: stepsAt(at, probe) }));
  const ofKind = found.map(({ probe, steps }) => ({
    probe,
    steps: steps.filter(({ tuple }) => probe.isKind(tuple)),
  }));
  const seen = ofKind.filter(({ steps }) => steps.length > 0);
  return {
    passage: passageOf(
      at,
      seen.map(({ steps }) => steps),
      probes.length,
    ),
    seen: seen.map(({ probe }) => probe),
    missed: ofKind.filter(({ steps }) => steps.length === 0).map(({ probe }) => probe),
    translated: seen.length === 0 && found.some(({ steps }) => steps.length > 0),
  };
}

function passageOf(at: PlacedInterface, seen: readonly (readonly Step[])[], all: number): Passage {
  if (seen.length === 0) return 'none';
  // A pod's wire has its own traffic alone, also where no other pod was there to show it.
  if (seen.length < all || isPodWire(at)) return 'part';
  return seen.every((steps) => steps.every(({ inner }) => inner)) ? 'inside' : 'all';
}

/** Where few packets pass, and often none, nothing is seen of a conversation. */
function stepsAt({ place, link }: PlacedInterface, { ways }: Probe): Step[] {
  return [...ways.request.steps, ...ways.reply.steps].filter(
    ({ at, aside }) =>
      aside?.kind !== 'some' &&
      at.place.namespace.inode === place.namespace.inode &&
      at.link.ifindex === link.ifindex,
  );
}
