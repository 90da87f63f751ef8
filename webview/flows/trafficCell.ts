import { formatBytes, formatCount } from '../../src/model/format.ts';
import { drawText } from '../shared/cells.ts';

/** Bytes in short; exactly, with packets, in the tooltip. */
export function drawTraffic(cell: HTMLElement, packets: number, bytes: number): void {
  drawText(cell, formatBytes(bytes));
  const tooltip = `${formatCount(packets)} packets, ${formatCount(bytes)} bytes`;
  if (cell.title !== tooltip) cell.title = tooltip;
}
