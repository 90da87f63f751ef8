import type { PlacedInterface, Wirings } from './wirings.ts';
import { whose } from './wirings.ts';

/** What says that nothing gets out of an interface; null where packets do. */
export function downText(wirings: Wirings, at: PlacedInterface): string | null {
  const { link, place } = at;
  if (link.disabled === true) return `${link.name} of ${whose(place)} is down`;
  if (link.state !== 'down' && link.state !== 'lowerlayerdown') return null;
  const peer = wirings.peer(at);
  const cause = peer?.link.disabled === true ? `: ${peer.link.name}, the other end of its wire, is down` : '';
  return `${link.name} of ${whose(place)} has no carrier${cause}`;
}
