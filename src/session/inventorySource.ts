import { readFile } from 'node:fs/promises';
import type { InventoryChange } from '../kube/inventory.ts';
import { KubeError } from '../kube/errors.ts';
import type { Disposable } from '../kube/listeners.ts';
import { INVENTORY_KINDS, trimObject, type InventoryKind } from '../kube/trim.ts';
import type { InventoryObject } from '../model/inventory.ts';

/** Where an agent's inventory comes from: a watch, or a file. */
export interface InventorySource {
  objects(): Iterable<InventoryObject>;
  onChange(listener: (change: InventoryChange) => void): Disposable;
}

export const EMPTY_INVENTORY: InventorySource = {
  objects: () => [],
  onChange: () => ({ dispose: () => {} }),
};

/** The objects of a file made with `kubectl get pods,svc,nodes,endpointslices -A -o json`. @throws KubeError */
export async function inventoryFile(file: string): Promise<InventorySource> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new KubeError(
      {
        kind: 'local',
        what: 'The inventory file cannot be read',
        where: file,
        why: error instanceof Error ? error.message : String(error),
        next: 'Make it with: kubectl get pods,svc,nodes,endpointslices -A -o json',
      },
      { cause: error },
    );
  }
  const items: unknown = typeof value === 'object' && value !== null && 'items' in value ? value.items : [];
  const objects = (Array.isArray(items) ? items : []).flatMap((item: unknown) => {
    const kind = typeof item === 'object' && item !== null && 'kind' in item ? String(item.kind) : '';
    return kind in INVENTORY_KINDS ? (trimObject(kind as InventoryKind, item) ?? []) : [];
  });
  return { ...EMPTY_INVENTORY, objects: () => objects };
}
