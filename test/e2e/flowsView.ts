/** The Flows view as a user reads it. */
import type { FrameLocator, Locator } from 'playwright-core';
import { COLUMN_LABELS, FLOW_COLUMNS } from '../../src/model/panelMessages.ts';
import type { FlowColumn } from '../../src/model/panelMessages.ts';
import type { Workbench } from './workbench.ts';

/** One row: the text of each column, and what the cells tell beside it. */
export interface ShownRow {
  readonly text: Readonly<Record<FlowColumn, string>>;
  readonly tooltip: Readonly<Record<FlowColumn, string>>;
}

export interface ShownTraffic {
  readonly packets: number;
  readonly bytes: number;
}

export class FlowsView {
  readonly frame: FrameLocator;

  private constructor(frame: FrameLocator) {
    this.frame = frame;
  }

  /** Waits for the view to be there, with or without rows. */
  static async find(workbench: Workbench, seconds = 30): Promise<FlowsView> {
    return new FlowsView(await workbench.webview('[role="grid"][aria-label="Flows"]', seconds));
  }

  rowLocator(): Locator {
    return this.frame.locator('.grid-body [role="row"]:not([hidden])');
  }

  /** Rows in sight. */
  async rows(): Promise<ShownRow[]> {
    const rows = await this.rowLocator().evaluateAll(readCells);
    return rows.map((cells) => {
      const words = new Map(cells.map((cell) => [cell.column, cell]));
      return {
        text: byColumn((column) => words.get(column)?.text ?? ''),
        tooltip: byColumn((column) => words.get(column)?.tooltip ?? ''),
      };
    });
  }

  async firstRow(seconds = 30): Promise<void> {
    await this.rowLocator()
      .first()
      .waitFor({ timeout: seconds * 1000 });
  }

  /** Types into the filter; an empty text shows all rows again. */
  async filter(text: string): Promise<void> {
    await this.frame
      .getByLabel(/^Filter flows by/)
      .locator('input')
      .or(this.frame.locator('.filter input'))
      .first()
      .fill(text);
  }

  button(name: string): Locator {
    return this.frame.getByRole('button', { name, exact: true });
  }

  /** What a Sent or Received cell counted, exactly, from its tooltip. */
  static traffic(row: ShownRow, column: 'sent' | 'received'): ShownTraffic {
    const [, packets, bytes] = /^([\d,.\s]+) packets, ([\d,.\s]+) bytes$/.exec(row.tooltip[column]) ?? [];
    if (packets === undefined || bytes === undefined) {
      throw new Error(
        `the ${COLUMN_LABELS[column]} cell tells "${row.tooltip[column]}", not packets and bytes`,
      );
    }
    return { packets: number(packets), bytes: number(bytes) };
  }
}

function number(text: string): number {
  return Number(text.replaceAll(/\D/g, ''));
}

interface CellWords {
  readonly column: string;
  readonly text: string;
  readonly tooltip: string;
}

/** As much of an element as is read in the page; these tests are checked without the types of a browser. */
interface PageElement {
  readonly className: string;
  readonly title: string;
  readonly ariaLabel: string | null;
  readonly innerText: string;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
}

/**
 * Of an end its name, without its container; beside it what its icon says. Columns that are not shown are missing. Runs
 * in the page.
 */
function readCells(rows: readonly PageElement[]): CellWords[][] {
  return rows.map((row) =>
    Array.from(row.querySelectorAll('[role="gridcell"]'), (cell) => ({
      column: /cell-(\S+)/.exec(cell.className)?.[1] ?? '',
      text: (cell.querySelector('.cell-text') ?? cell).innerText.trim(),
      tooltip: cell.title || (cell.querySelector('[role="img"]')?.ariaLabel ?? ''),
    })),
  );
}

function byColumn(value: (column: FlowColumn) => string): Record<FlowColumn, string> {
  const entries = FLOW_COLUMNS.map((column) => [column, value(column)] as const);
  return Object.fromEntries(entries) as Record<FlowColumn, string>;
}
