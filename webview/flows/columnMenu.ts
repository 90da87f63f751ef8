import type { FlowColumn } from '../../src/model/panelMessages.ts';
import { COLUMN_LABELS, FLOW_COLUMNS } from '../../src/model/panelMessages.ts';
import { openMenu } from '../shared/menu.ts';

export interface ColumnMenuOptions {
  /** Where its corner is, in pixels of the window. */
  readonly at: { readonly x: number; readonly y: number };
  readonly hidden: () => readonly FlowColumn[];
  readonly onHide: (hidden: readonly FlowColumn[]) => void;
}

/** Opens the choice of columns. The last that is shown cannot be hidden. */
export function openColumnMenu({ at, hidden, onHide }: ColumnMenuOptions): void {
  openMenu({
    label: 'Columns',
    at,
    items: () => {
      const now = hidden();
      return FLOW_COLUMNS.map((column) => {
        const checked = !now.includes(column);
        return {
          label: COLUMN_LABELS[column],
          checked,
          disabled: checked && now.length === FLOW_COLUMNS.length - 1,
        };
      });
    },
    onChoose: (index) => {
      const chosen = FLOW_COLUMNS[index];
      if (chosen === undefined) return;
      const others = hidden().filter((column) => column !== chosen);
      onHide(hidden().includes(chosen) ? others : [...others, chosen]);
    },
  });
}
