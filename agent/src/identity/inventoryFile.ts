import { readFileSync } from 'node:fs';
import type { InventoryObject } from '../../../src/model/inventory.ts';
import { Failure, messageOf } from '../failure.ts';
import { inventoryObject } from './inventoryObject.ts';

const HOW = 'Make it with: kubectl get pods,svc,nodes,endpointslices -A -o json > inventory.json';

/** Reads a List as `kubectl get ... -o json` prints it. Kinds that identity does not need are skipped. */
export function readInventoryFile(path: string): InventoryObject[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Failure(`cannot read inventory file ${path}: ${messageOf(error)}`, HOW, { cause: error });
  }
  return parseInventory(content, path);
}

/** @param where names the source in errors */
export function parseInventory(content: string, where: string): InventoryObject[] {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (error) {
    throw new Failure(`inventory file ${where} is not JSON: ${messageOf(error)}`, HOW, { cause: error });
  }
  return itemsOf(json, where).flatMap((item, index) => {
    try {
      return inventoryObject(item) ?? [];
    } catch (error) {
      throw new Failure(`inventory file ${where}, item ${index}: ${messageOf(error)}`, HOW, { cause: error });
    }
  });
}

function itemsOf(json: unknown, where: string): unknown[] {
  const list = json as { kind?: unknown; items?: unknown } | null;
  const kind = typeof list === 'object' ? list?.kind : undefined;
  if (kind !== 'List') {
    const found = typeof kind === 'string' ? `its kind is "${kind}"` : 'it has no kind';
    throw new Failure(`inventory file ${where} is not a Kubernetes List: ${found}`, HOW);
  }
  if (!Array.isArray(list?.items)) {
    throw new Failure(`inventory file ${where} is a List without "items"`, HOW);
  }
  return list.items;
}
