import assert from 'node:assert/strict';
import type { Addon } from './collector/addon.ts';
import type { Collection } from './collector/collection.ts';
import type { WiringReaders } from './wiring.ts';
import { InventoryStore } from './identity/inventoryStore.ts';
import { Wiring } from './wiring.ts';

/** Without a namespace: what is read does not matter here, only when. */
function wiring(inventory: InventoryStore): { wiring: Wiring; reads: () => number } {
  let reads = 0;
  const readers = {
    points: {},
    identifier: { setTopology: () => {} },
    drops: { update: () => {} },
    sockets: { update: () => (reads += 1) },
    wired: { update: () => undefined },
  };
  const collection = { namespaces: [], attachedInterfaces: [], isAttached: () => false };
  const gone = function (path: string): never {
    throw Object.assign(new Error(path), { code: 'ENOENT' });
  };
  const addon = { NetworkNamespace: gone };
  return {
    wiring: new Wiring(
      addon as unknown as Addon,
      'node-a',
      collection as unknown as Collection,
      inventory,
      readers as unknown as WiringReaders,
    ),
    reads: () => reads,
  };
}

describe('wiring', () => {
  it('is read once at the start, and again when the inventory or an interface changed', () => {
    const inventory = new InventoryStore();
    const change = { reset: true, upserts: [], deletedUids: [] };
    inventory.update(change, Date.now());
    const { wiring: one, reads } = wiring(inventory);
    one.read();
    assert.equal(one.refresh(Date.now()), false);
    assert.equal(reads(), 1);
    inventory.update(change, Date.now());
    assert.equal(one.refresh(Date.now()), true);
    assert.equal(one.refresh(Date.now()), false);
    one.changed(1, { kind: 'rule', removed: false, ifindex: 0, nsid: -1 });
    assert.equal(one.refresh(Date.now()), true);
    assert.equal(reads(), 3);
  });
});
