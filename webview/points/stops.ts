import type { PathPoint, Way } from '../../src/model/path/flowPath.ts';
import type { Column } from './layout.ts';

/** Of the circle at a stop. */
export const RADIUS = 6;

export interface PlacedColumn {
  readonly column: Column;
  /** Middle. */
  readonly x: number;
}

/** Where a way passes an interface. */
export interface Stop {
  readonly x: number;
  readonly points: readonly PathPoint[];
}

/** Both hooks of an interface are one stop. */
export function stops({ points }: Way, columns: readonly PlacedColumn[]): Stop[] {
  const found: Stop[] = [];
  for (const point of points) {
    const at = columns.find(
      ({ column }) =>
        column.node === point.node && column.netns === point.netns && column.ifindex === point.ifindex,
    );
    if (at === undefined) continue;
    const last = found.at(-1);
    if (last?.x === at.x) found[found.length - 1] = { x: at.x, points: [...last.points, point] };
    else found.push({ x: at.x, points: [point] });
  }
  return found;
}
