import type { Ending } from './flowPath.ts';
import type { Place } from './wirings.ts';
import { whose } from './wirings.ts';

export function delivered(place: Place): Ending {
  return { kind: 'delivered', node: place.node, text: `delivered in ${whose(place)}` };
}

export function stopped(node: string, text: string): Ending {
  return { kind: 'stopped', node, text };
}
