import { bridgeSysctl } from '../path/bridging.ts';
import type { PlacedInterface } from '../path/wirings.ts';
import { routeText } from '../path/routing.ts';
import type { Probe } from './probes.ts';
import type { ProbedKind } from './traffic.ts';

export function switchedBetween({ ways }: Probe): string[] {
  return ways.request.switchings.map(
    ({ bridge, from, to }) => `${from.link.name} and ${to.link.name} are ports of ${bridge.link.name}`,
  );
}

const MOST_NAMED = 3;

export function ports({ place, link }: PlacedInterface): string[] {
  const found = place.namespace.interfaces.filter(({ master }) => master === link.ifindex);
  if (found.length === 0) return [];
  const names = found.slice(0, MOST_NAMED).map(({ name }) => name);
  const more = found.length > MOST_NAMED ? ` and ${found.length - MOST_NAMED} more` : '';
  return [`ports of ${link.name}: ${names.join(', ')}${more}`];
}

/** What decides where a bridge's frames are translated. */
export function sysctls({ place, link }: PlacedInterface, kind: ProbedKind): string[] {
  const decides = kind === 'service-asked' || kind.startsWith('service-backend');
  if (link.kind !== 'bridge' || !decides) return [];
  const sysctl = bridgeSysctl(link.addresses[0] ?? '');
  return [`${sysctl} = ${place.topology.sysctls[sysctl] ?? 'none'}`];
}

/** The node's routes that the conversations took, once each; those by the interface, if there are some. */
export function routesOf(probes: readonly Probe[], { link }: PlacedInterface): string[] {
  const taken = probes
    .flatMap(({ ways }) => [...ways.request.routes, ...ways.reply.routes])
    .filter(({ place }) => place.kind === 'node')
    .map(({ chosen }) => chosen);
  const here = taken.filter((chosen) => chosen.link.ifindex === link.ifindex);
  const texts = [...new Set((here.length > 0 ? here : taken).map(routeText))];
  return texts.slice(0, MOST_NAMED);
}

/** Those by the interface with the name. */
export function routesBy(probes: readonly Probe[], name: string): string[] {
  const taken = probes
    .flatMap(({ ways }) => ways.request.routes)
    .filter(({ chosen }) => chosen.link.name === name);
  return [...new Set(taken.map(({ chosen }) => routeText(chosen)))];
}
