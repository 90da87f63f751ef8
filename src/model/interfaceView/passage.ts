import type { Step } from '../path/walked.ts';
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
  /** Whether a few packets of them may pass all the same: those of the kind that come before a neighbour is known. */
  readonly strays: boolean;
}

export function passingAt(at: PlacedInterface, probes: readonly Probe[]): Passing {
  const all = probes.map((probe) => ({ probe, steps: stepsAt(at, probe) }));
  // Where few packets pass, and often none, nothing is taken to be seen of a conversation.
  const found = all.map(({ probe, steps }) => ({
    probe,
    steps: steps.filter(({ aside }) => aside?.kind !== 'some'),
  }));
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
    strays: all.some(({ probe, steps }) =>
      steps.some(({ aside, tuple }) => aside?.kind === 'some' && probe.isKind(tuple)),
    ),
  };
}

function passageOf(at: PlacedInterface, seen: readonly (readonly Step[])[], all: number): Passage {
  if (seen.length === 0) return 'none';
  // A pod's wire has its own traffic alone, also where no other pod was there to show it.
  if (seen.length < all || isPodWire(at)) return 'part';
  return seen.every((steps) => steps.every(({ inner }) => inner)) ? 'inside' : 'all';
}

function stepsAt({ place, link }: PlacedInterface, { ways }: Probe): Step[] {
  return [...ways.request.steps, ...ways.reply.steps].filter(
    ({ at }) => at.place.namespace.inode === place.namespace.inode && at.link.ifindex === link.ifindex,
  );
}
