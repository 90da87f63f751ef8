import { endpointLabel, endpointText } from '../../../src/model/endpoint.ts';
import type { Flow, FlowEnd } from '../../../src/model/flow.ts';

const COLUMNS = [
  ['TIME', 12],
  ['PROTO', 6],
  ['CLIENT', 40],
  ['SERVER', 40],
  ['VERDICT', 10],
  ['SENT', 18],
  ['RECEIVED', 18],
] as const;

export function tableHeader(): string {
  return line(
    COLUMNS.map(([name]) => name),
    'POINTS',
  );
}

/** One line a flow; names are printed as they are, control characters apart. */
export function tableLine(flow: Flow): string {
  const points = [...new Set(flow.sightings.map((sighting) => sighting.interface))].join(',');
  const cells = [
    flow.end.slice(11, 23),
    flow.protocol,
    endCell(flow.client) + (flow.initiator === 'guessed' ? ' (direction guessed)' : ''),
    endCell(flow.server) + (flow.service === null ? '' : ` (${flow.service.name})`),
    flow.verdict,
    `${flow.sent.packets}p ${flow.sent.bytes}B`,
    `${flow.received.packets}p ${flow.received.bytes}B`,
  ];
  return line(cells, points);
}

/** With what is not decided, which is never shown as the name. */
function endCell(end: FlowEnd): string {
  const { open } = endpointLabel(end);
  return endText(end) + (open === null ? '' : ` (${open})`);
}

export function endText(end: FlowEnd): string {
  return `${endpointText(end)}:${end.port}`;
}

function line(cells: readonly string[], last: string): string {
  const padded = cells.map((cell, index) => printable(cell).padEnd(COLUMNS[index]?.[1] ?? 0));
  return `${[...padded, printable(last)].join(' ')}\n`;
}

/** A name could hold escape sequences for the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\u{fffd}');
}

/** Whether the text is in any of the names, addresses, ports and words of a flow. */
export function flowContains(flow: Flow, text: string): boolean {
  const ends = [flow.client, flow.server].flatMap((end) => [
    endText(end),
    `${end.address}:${end.port}`,
    end.kind,
    end.workload?.name ?? '',
    ...end.candidates,
  ]);
  const service = flow.service === null ? [] : [`${flow.service.namespace}/${flow.service.name}`];
  const words = [flow.protocol, flow.verdict, ...ends, ...service];
  for (const sighting of flow.sightings) words.push(sighting.interface, sighting.point);
  const wanted = text.toLowerCase();
  return words.some((word) => word.toLowerCase().includes(wanted));
}
