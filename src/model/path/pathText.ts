import type { Sighting, Tuple } from '../flow.ts';
import { formatSocketAddress } from '../socketAddress.ts';
import { lossText } from './losses.ts';
import type { Bystander, Change, FlowPath, PathPoint, Way } from './flowPath.ts';

const CHANGE_WORDS: Readonly<Record<Change, string>> = {
  dnat: 'DNAT',
  snat: 'SNAT',
  'undo-dnat': 'DNAT undone',
  'undo-snat': 'SNAT undone',
  encapsulated: 'put into a tunnel',
  decapsulated: 'taken out of the tunnel',
};

/** The whole path, a line a point: for copying, and for comparison in tests. */
export function pathText(path: FlowPath): string {
  const lines = [
    'request',
    ...wayLines(path.request),
    'reply',
    ...wayLines(path.reply),
    ...(path.bystanders.length === 0 ? [] : ['not passed', ...path.bystanders.map(bystanderLine)]),
    ...(path.flooded.length === 0 ? [] : ['seen as copies', ...path.flooded.map(sightingLine)]),
    ...(path.past.length === 0 ? [] : ['seen before, and no more', ...path.past.map(sightingLine)]),
    ...(path.unexpected.length === 0 ? [] : ['seen elsewhere', ...path.unexpected.map(sightingLine)]),
  ];
  return `${lines.join('\n')}\n`;
}

function wayLines({ points, losses, ending }: Way): string[] {
  const lost = (index: number | null): string[] =>
    losses
      .filter(({ after }) => after === index)
      .map((loss) => `  ${loss.isOfCopies ? '.' : 'x'} ${lossText(loss)}`);
  return [
    ...lost(-1),
    ...points.flatMap((point, index) => [pointLine(point), ...lost(index)]),
    ...lost(null),
    `  = ${ending.text}`,
  ];
}

function pointLine(point: PathPoint): string {
  const where = point.pod === null ? point.node : `${point.pod.namespace}/${point.pod.name}`;
  const what =
    point.seen === null
      ? `- ${point.blank?.kind ?? 'unexplained'}: ${point.blank?.reason ?? ''}`
      : `${point.seen.packets} packets, ${point.seen.bytes} bytes${asideText(point)}`;
  const changes = point.changes.map((change) => `[${CHANGE_WORDS[change]}] `).join('');
  const inside = point.inner ? ' (inside)' : '';
  return `  ${where} ${point.interface} ${point.point}${inside}  ${changes}${tupleText(point.tuple)}  ${what}`;
}

function sightingLine({ node, interface: name, point, tuple, packets }: Sighting): string {
  return `  ${node} ${name} ${point}  ${tupleText(tuple)}  ${packets} packets`;
}

function asideText({ aside }: PathPoint): string {
  return aside === null ? '' : ` (${aside.reason})`;
}

function bystanderLine({ node, interface: name, role, blank }: Bystander): string {
  return `  ${node} ${name} (${role})  ${blank.kind}: ${blank.reason}`;
}

export function tupleText({ source, sourcePort, destination, destinationPort }: Tuple): string {
  return `${formatSocketAddress(source, sourcePort)} > ${formatSocketAddress(destination, destinationPort)}`;
}
