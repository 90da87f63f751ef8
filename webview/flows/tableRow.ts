import { FlowRecords } from '../../src/model/flowRecords.ts';
import type { FlowsWindow, GroupLine } from '../../src/model/panelMessages.ts';
import type { EndpointNames } from './flowRow.ts';
import { FlowRow } from './flowRow.ts';

/** The line of a group in the table. */
export class GroupRow {
  readonly line: GroupLine;
  /** Time of the picture, milliseconds since the epoch. */
  readonly now: number;

  constructor(line: GroupLine, now: number) {
    this.line = line;
    this.now = now;
  }
}

export type TableRow = FlowRow | GroupRow;

/** The lines of a window, in order. */
export function rowsOf(window: FlowsWindow, names: EndpointNames): TableRow[] {
  const { now } = window;
  const records = new FlowRecords(window.rows);
  const groups = new Map(window.groups.map((line) => [line.row, line]));
  const translated = new Map(window.translated.map(({ row, nat }) => [row, nat]));
  return Array.from(new Float64Array(window.rates), (rate, row) => {
    const line = groups.get(row);
    if (line !== undefined) return new GroupRow(line, now);
    return new FlowRow(records, row, names, { rate, now, nat: translated.get(row) ?? [] });
  });
}
