import type { SVGTemplateResult } from 'lit';
import { nothing, svg } from 'lit';
import type { Loss, Way } from '../../src/model/path/flowPath.ts';
import { lossText } from '../../src/model/path/losses.ts';
import { formatCount } from '../../src/model/format.ts';
import type { Stop } from './stops.ts';
import { RADIUS } from './stops.ts';

/** Half of a cross, and how far it is from the last point. */
const CROSS = 5;
const STOP_DISTANCE = 44;

/** A cross behind the last point of a way that does not arrive. @param usual which way it goes where it has one point alone */
export function stopMark(
  { ending }: Way,
  places: readonly Stop[],
  y: number,
  usual: number,
): SVGTemplateResult | typeof nothing {
  const last = places.at(-1);
  if (last === undefined || (ending.kind !== 'stopped' && ending.kind !== 'misaddressed')) return nothing;
  const direction = directionAt(places, places.length - 1, usual);
  const x = last.x + direction * STOP_DISTANCE;
  return svg`<g class="stop">
    <line class="unseen" x1=${last.x + direction * (RADIUS + 2)} y1=${y} x2=${x - direction * CROSS} y2=${y}></line>
    ${cross(x, y, ending.text)}
  </g>`;
}

/** A cross with the number of packets where the kernel dropped some: those at one place together. */
export function lossMarks(
  { losses, points }: Way,
  places: readonly Stop[],
  y: number,
  usual: number,
): SVGTemplateResult[] {
  const byStop = new Map<number, Loss[]>();
  for (const loss of losses) {
    if (loss.after === null || loss.isOfCopies) continue;
    const point = points[loss.after];
    const at = point === undefined ? -1 : places.findIndex((stop) => stop.points.includes(point));
    byStop.set(at, [...(byStop.get(at) ?? []), loss]);
  }
  return [...byStop].map(([at, here]) => {
    const [from, to] = [places[at], places[at + 1]];
    const direction = directionAt(places, Math.max(at, 0), usual);
    const beside =
      from === undefined ? (to?.x ?? 0) - direction * STOP_DISTANCE : from.x + direction * STOP_DISTANCE;
    const x = from === undefined || to === undefined ? beside : (from.x + to.x) / 2;
    const packets = here.reduce((sum, { drop }) => sum + drop.packets, 0);
    // Above the line, or below the counts where the line has a label already.
    const isLabelled = to?.points.some(({ changes }) => changes.length > 0) === true;
    return svg`<g class="loss">
      ${cross(x, y, here.map(lossText).join('\n'))}
      <text class="lost-count" x=${x} y=${isLabelled ? y + 38 : y - 11}>${formatCount(packets)} dropped</text>
    </g>`;
  });
}

function directionAt(places: readonly Stop[], at: number, usual: number): number {
  const [before, here, next] = [places[at - 1], places[at], places[at + 1]];
  if (here === undefined) return usual;
  if (next !== undefined) return Math.sign(next.x - here.x);
  return before === undefined ? usual : Math.sign(here.x - before.x);
}

function cross(x: number, y: number, title: string): SVGTemplateResult {
  const [size, path] = [2 * CROSS, `M${x - CROSS} ${y - CROSS}`];
  return svg`<path class="cross" d="${path} l${size} ${size} m0 ${-size} l${-size} ${size}"><title>${title}</title></path>`;
}
