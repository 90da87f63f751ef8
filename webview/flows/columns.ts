import type { Endpoint } from '../../src/model/endpoint.ts';
import { askedPort } from '../../src/model/endpoint.ts';
import { formatAge, formatDuration, formatMicroseconds, formatRate } from '../../src/model/format.ts';
import type { FlowColumn } from '../../src/model/panelMessages.ts';
import { COLUMN_LABELS, FLOW_COLUMNS } from '../../src/model/panelMessages.ts';
import { drawIconText, drawNothing, drawText } from '../shared/cells.ts';
import type { GridColumn } from '../shared/gridOptions.ts';
import { describe } from '../shared/hoverCard.ts';
import { drawEndpoint } from './endpointCell.ts';
import type { FlowRow } from './flowRow.ts';
import { drawGroupCell, hasGroupCell } from './groupCells.ts';
import type { TableRow } from './tableRow.ts';
import { GroupRow } from './tableRow.ts';
import { drawTraffic } from './trafficCell.ts';
import { translationHover } from './translationHover.ts';
import { translationText, VERDICT_LOOKS } from './words.ts';

type Column = Pick<GridColumn<FlowRow>, 'draw' | 'align' | 'width' | 'grow' | 'minimum'>;

const figure = (width: number, text: (row: FlowRow) => string): Column => ({
  align: 'end',
  width,
  grow: 0,
  minimum: 48,
  draw: (cell, row) => drawText(cell, text(row)),
});

const traffic = (
  width: number,
  packets: (row: FlowRow) => number,
  bytes: (row: FlowRow) => number,
): Column => ({
  ...figure(width, () => ''),
  draw: (cell, row) => drawTraffic(cell, packets(row), bytes(row)),
});

interface ShownEnd {
  readonly endpoint: Endpoint | null;
  readonly port: number | null;
  /** Whether it may be the other end of the flow, and whether this column marks that. */
  readonly guessed: boolean;
  readonly marked: boolean;
}

const endpoint = (grow: number, width: number, end: (row: FlowRow) => ShownEnd): Column => ({
  align: 'start',
  width,
  grow,
  minimum: 80,
  draw: (cell, row) => {
    const { endpoint: shown, port, guessed, marked } = end(row);
    if (shown === null) {
      describe(cell, null);
      drawNothing(cell);
      return;
    }
    const guess = guessed ? row.initiatorEvidence : null;
    drawEndpoint(cell, { endpoint: shown, port, guess }, marked);
  },
});

const COLUMNS: Readonly<Record<FlowColumn, Column>> = {
  client: endpoint(3, 140, (row) => ({
    endpoint: row.client,
    port: row.hasPorts ? row.clientPort : null,
    guessed: !row.initiatorCertain,
    marked: true,
  })),
  server: endpoint(4, 170, (row) => ({
    endpoint: row.server,
    port: row.hasPorts ? row.serverPort : null,
    guessed: !row.initiatorCertain,
    marked: false,
  })),
  service: endpoint(2, 120, ({ service }) => ({
    endpoint: service,
    port: service === null ? null : askedPort(service),
    guessed: false,
    marked: false,
  })),
  via: {
    align: 'start',
    width: 100,
    grow: 2,
    minimum: 56,
    draw: (cell, { nat }) => {
      drawText(cell, nat.map(translationText).join(', '));
      describe(cell, nat.length === 0 ? null : () => translationHover(nat));
    },
  },
  protocol: {
    align: 'start',
    width: 84,
    grow: 0,
    minimum: 48,
    draw: (cell, row) => drawText(cell, row.protocol.toUpperCase()),
  },
  port: figure(52, (row) => (row.hasPorts ? String(row.serverPort) : '')),
  verdict: {
    align: 'start',
    width: 108,
    grow: 0,
    minimum: 56,
    draw: (cell, { verdict }) => {
      const { icon, label, meaning } = VERDICT_LOOKS[verdict];
      drawIconText(cell, {
        icons: [{ name: icon, tone: `verdict-${verdict}`, label: '' }],
        parts: [{ text: label, look: '' }],
        suffix: '',
        mark: null,
        tooltip: meaning,
      });
    },
  },
  sent: traffic(
    68,
    (row) => row.sentPackets,
    (row) => row.sentBytes,
  ),
  received: traffic(
    84,
    (row) => row.receivedPackets,
    (row) => row.receivedBytes,
  ),
  rate: figure(80, (row) => formatRate(row.rate)),
  rtt: figure(72, (row) => (row.rttUs === null ? '' : formatMicroseconds(row.rttUs))),
  duration: figure(88, (row) => formatDuration(row.end - row.start)),
  last: figure(112, (row) => `${row.ended ? 'ended ' : ''}${formatAge(row.end, row.now)}`),
  points: figure(62, (row) => String(row.points)),
};

/** The columns of the flow table, in order. */
const GRID_COLUMNS: readonly (GridColumn<TableRow> & { readonly id: FlowColumn })[] = FLOW_COLUMNS.map(
  (id) => {
    const { draw, ...layout } = COLUMNS[id];
    return {
      ...layout,
      id,
      label: COLUMN_LABELS[id],
      ofGroups: hasGroupCell(id),
      draw: (cell, row) => {
        if (row instanceof GroupRow) drawGroupCell(id, cell, row);
        else draw(cell, row);
      },
    };
  },
);

/** The columns that are shown when these are hidden. */
export function shownColumns(hidden: readonly FlowColumn[]): readonly GridColumn<TableRow>[] {
  return GRID_COLUMNS.filter(({ id }) => !hidden.includes(id));
}
