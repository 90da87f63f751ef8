import { CILIUM_INTERFACE } from '../nodeShape.ts';
import type { Place, PlacedInterface } from '../path/wirings.ts';

/** What may make the table wrong, or an interface silent, on this node. */
export function notesOn({ link }: PlacedInterface, own: Place): string[] {
  const notes: string[] = [];
  if (own.namespace.interfaces.some(({ name }) => name === CILIUM_INTERFACE)) {
    notes.push(
      'Cilium runs here: it may translate Services at the socket and pass packets on past interfaces, which the wiring does not show.',
    );
  }
  if (link.state === 'down') notes.push(`${link.name} is down: nothing passes until it is up.`);
  return notes;
}
