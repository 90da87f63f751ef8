import { formatAge, formatDuration, formatPlural, formatRate } from '../../src/model/format.ts';
import type { FlowColumn, FlowGrouping, GroupLine } from '../../src/model/panelMessages.ts';
import { drawIconText, drawNothing, drawText } from '../shared/cells.ts';
import { describe } from '../shared/hoverCard.ts';
import { labelParts } from './endpointCell.ts';
import type { GroupRow } from './tableRow.ts';
import { drawTraffic } from './trafficCell.ts';
import { ENDPOINT_LOOKS } from './words.ts';

type GroupCell = (cell: HTMLElement, line: GroupLine, now: number) => void;

/** What the line of a group has in which column: sums, and what they have in common. */
const CELLS: Readonly<Partial<Record<FlowColumn, GroupCell>>> = {
  verdict: (cell, { failing }) => {
    if (failing === 0) drawNothing(cell);
    else {
      drawIconText(cell, {
        icons: [{ name: 'error', tone: 'verdict-dropped', label: '' }],
        parts: [{ text: `${failing} failed`, look: '' }],
        suffix: '',
        mark: null,
        tooltip: `${formatPlural(failing, 'flow')} dropped, refused, reset or not answered.`,
      });
    }
  },
  sent: (cell, { sentPackets, sentBytes }) => drawTraffic(cell, sentPackets, sentBytes),
  received: (cell, { receivedPackets, receivedBytes }) => drawTraffic(cell, receivedPackets, receivedBytes),
  rate: (cell, { rate }) => drawText(cell, formatRate(rate)),
  duration: (cell, { start, end }) => drawText(cell, formatDuration(end - start)),
  last: (cell, { live, end }, now) => drawText(cell, `${live === 0 ? 'ended ' : ''}${formatAge(end, now)}`),
};

export const hasGroupCell = (column: FlowColumn): boolean => CELLS[column] !== undefined;

export function drawGroupCell(column: FlowColumn, cell: HTMLElement, { line, now }: GroupRow): void {
  describe(cell, null);
  const draw = CELLS[column];
  if (draw === undefined) drawNothing(cell);
  else draw(cell, line, now);
}

/** What flows without a group are called. */
const NAMELESS: Readonly<Record<FlowGrouping, string>> = {
  none: '',
  client: 'No client known',
  server: 'No server known',
  service: 'No Service',
};

export function drawGroupName(cell: HTMLElement, { line }: GroupRow, by: FlowGrouping): void {
  describe(cell, null);
  const { name, open, flows, live } = line;
  const ended = live === flows ? '' : `, ${live} live`;
  const kind = name === null || name.type === '' ? '' : `${name.type} · `;
  const look = name === null ? null : ENDPOINT_LOOKS[name.kind];
  drawIconText(cell, {
    icons: [
      { name: open ? 'chevron-down' : 'chevron-right', tone: '', label: '' },
      ...(name === null || look === null
        ? []
        : [{ name: look.icon, tone: `endpoint-${name.kind}`, label: '' }]),
    ],
    parts: name === null ? [{ text: NAMELESS[by], look: 'weak' }] : labelParts(name),
    suffix: `${kind}${formatPlural(flows, 'flow')}${ended}`,
    mark: null,
    tooltip: '',
  });
}
