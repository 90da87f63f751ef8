import type { Endpoint } from '../../src/model/endpoint.ts';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatMicroseconds,
  formatRate,
} from '../../src/model/format.ts';
import type { FlowColumn } from '../../src/model/panelMessages.ts';
import { COLUMN_LABELS, FLOW_COLUMNS } from '../../src/model/panelMessages.ts';
import { drawIconText, drawNothing, drawText } from '../shared/cells.ts';
import type { GridColumn } from '../shared/grid.ts';
import type { FlowRow } from './flowRow.ts';
import { endpointTooltip, ENDPOINT_LOOKS, VERDICT_LOOKS } from './words.ts';

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
  ...figure(width, (row) => formatBytes(bytes(row))),
  draw: (cell, row) => {
    drawText(cell, formatBytes(bytes(row)));
    const tooltip = `${formatCount(packets(row))} packets, ${formatCount(bytes(row))} bytes`;
    if (cell.title !== tooltip) cell.title = tooltip;
  },
});

const endpoint = (
  grow: number,
  width: number,
  end: (row: FlowRow) => Endpoint | null,
  port: (row: FlowRow) => number | null,
): Column => ({
  align: 'start',
  width,
  grow,
  minimum: 80,
  draw: (cell, row) => {
    const shown = end(row);
    if (shown === null) drawNothing(cell);
    else drawEndpoint(cell, shown, port(row));
  },
});

const COLUMNS: Readonly<Record<FlowColumn, Column>> = {
  client: endpoint(
    2,
    132,
    (row) => row.client,
    (row) => (row.hasPorts ? row.clientPort : null),
  ),
  server: endpoint(
    4,
    190,
    (row) => row.server,
    (row) => (row.hasPorts ? row.serverPort : null),
  ),
  service: endpoint(
    2,
    118,
    (row) => row.service,
    () => null,
  ),
  protocol: {
    align: 'start',
    width: 84,
    grow: 0,
    minimum: 48,
    draw: (cell, row) => drawText(cell, row.protocol.toUpperCase()),
  },
  port: figure(56, (row) => (row.hasPorts ? String(row.serverPort) : '')),
  verdict: {
    align: 'start',
    width: 108,
    grow: 0,
    minimum: 56,
    draw: (cell, { verdict }) => {
      const { icon, label, meaning } = VERDICT_LOOKS[verdict];
      drawIconText(cell, { icon, tone: `verdict-${verdict}`, prefix: '', text: label, tooltip: meaning });
    },
  },
  sent: traffic(
    72,
    (row) => row.sentPackets,
    (row) => row.sentBytes,
  ),
  received: traffic(
    90,
    (row) => row.receivedPackets,
    (row) => row.receivedBytes,
  ),
  rate: figure(82, (row) => formatRate(row.rate)),
  rtt: figure(74, (row) => (row.rttUs === null ? '' : formatMicroseconds(row.rttUs))),
  duration: figure(88, (row) => formatDuration(row.end - row.start)),
  last: figure(104, (row) => `${row.ended ? 'ended ' : ''}${formatAge(row.end, row.now)}`),
  points: figure(62, (row) => String(row.points)),
};

/** The columns of the flow table, in order. */
export const GRID_COLUMNS: readonly GridColumn<FlowRow>[] = FLOW_COLUMNS.map((id) => ({
  id,
  label: COLUMN_LABELS[id],
  ...COLUMNS[id],
}));

function drawEndpoint(cell: HTMLElement, shown: Endpoint, port: number | null): void {
  const named = shown.name !== null;
  drawIconText(cell, {
    icon: ENDPOINT_LOOKS[shown.kind].icon,
    tone: `endpoint-${shown.kind}`,
    prefix: named && shown.namespace !== null ? `${shown.namespace}/` : '',
    text: shown.name ?? shown.names[0] ?? shown.address,
    tooltip: endpointTooltip(shown, port),
  });
}
