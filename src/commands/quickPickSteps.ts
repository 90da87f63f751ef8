import { QuickInputButtons, window } from 'vscode';
import type { QuickPickItem } from 'vscode';

/** One step of several: a list that may take a while to come. */
export interface PickStep<T> {
  readonly title: string;
  readonly step: number;
  readonly steps: number;
  readonly placeholder: string;
  /** The list is busy until they are there; an error closes it and is thrown. */
  readonly items: () => Promise<readonly (QuickPickItem & { readonly value: T })[]>;
  /** The item that stands ready, for example the last choice. */
  readonly isActive: (value: T) => boolean;
}

export type Picked<T> =
  { readonly kind: 'value'; readonly value: T } | { readonly kind: 'back' } | { readonly kind: 'cancelled' };

/** Asks for one item; back is offered from the second step on. */
export async function pickStep<T>(step: PickStep<T>): Promise<Picked<T>> {
  const pick = window.createQuickPick<QuickPickItem & { readonly value: T }>();
  pick.title = step.title;
  pick.step = step.step;
  pick.totalSteps = step.steps;
  pick.placeholder = step.placeholder;
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.busy = true;
  pick.buttons = step.step > 1 ? [QuickInputButtons.Back] : [];
  const { promise, resolve, reject } = Promise.withResolvers<Picked<T>>();
  pick.onDidAccept(() => {
    const item = pick.activeItems[0];
    if (item !== undefined) resolve({ kind: 'value', value: item.value });
  });
  pick.onDidTriggerButton(() => resolve({ kind: 'back' }));
  pick.onDidHide(() => resolve({ kind: 'cancelled' }));
  pick.show();
  step.items().then((items) => {
    pick.items = items;
    const active = items.find(({ value }) => step.isActive(value));
    if (active !== undefined) pick.activeItems = [active];
    pick.busy = false;
    if (items.length === 0) pick.placeholder = 'There is nothing to choose from';
  }, reject);
  try {
    return await promise;
  } finally {
    pick.dispose();
  }
}
