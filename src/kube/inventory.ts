import type { InventoryObject, Node, Pod } from '../model/inventory.ts';
import type { Problem } from './errors.ts';
import type { Disposable } from './listeners.ts';

/** What changed; with `reset` the upserts are everything there is. */
export interface InventoryChange {
  readonly reset: boolean;
  readonly upserts: readonly InventoryObject[];
  readonly deletedUids: readonly string[];
}

/** A resource that cannot be watched; the others are watched all the same. */
export interface ResourceProblem {
  readonly resource: string;
  readonly problem: Problem;
}

/** The live inventory of one cluster. */
export interface InventoryWatch {
  /** Resolves when every resource was listed once or was found forbidden; rejects when pods cannot be listed. */
  readonly synced: Promise<void>;
  /** What cannot be watched now, and pods' own trouble while the API server is away. */
  readonly problems: readonly ResourceProblem[];
  objects(): Iterable<InventoryObject>;
  get(uid: string): InventoryObject | undefined;
  pod(namespace: string, name: string): Pod | undefined;
  nodes(): readonly Node[];
  /** Batched: at most one call in 100 ms. */
  onChange(listener: (change: InventoryChange) => void): Disposable;
  onProblems(listener: () => void): Disposable;
}
