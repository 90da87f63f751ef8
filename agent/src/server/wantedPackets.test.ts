import assert from 'node:assert/strict';
import type { PacketFilter } from '../../native/index.d.ts';
import type { Pod } from '../../../src/model/inventory.ts';
import { InventoryStore } from '../identity/inventoryStore.ts';
import type { FilteredNode } from './wantedPackets.ts';
import { WantedPackets } from './wantedPackets.ts';

const pods = (...podUids: string[]): { podUids: string[]; namespaces: string[] } => ({
  podUids,
  namespaces: [],
});
const NODE = { podUids: [], namespaces: [] };

function pod(uid: string, addresses: string[], hostNetwork = false): Pod {
  return {
    kind: 'Pod',
    metadata: { uid, name: uid, namespace: 'shop' },
    spec: { nodeName: 'node-a', hostNetwork, containers: [] },
    status: { phase: 'Running', podIPs: addresses.map((ip) => ({ ip })) },
  };
}

class Node implements FilteredNode {
  readonly inventory = new InventoryStore();
  readonly topology = { node: 'node-a', kernel: '', sysctls: {}, namespaces: [] };
  readonly filters: (readonly string[] | null)[] = [];

  setFilter(filter: PacketFilter | null): void {
    this.filters.push(filter?.addresses ?? null);
  }

  know(...upserts: Pod[]): void {
    this.inventory.update({ reset: false, upserts, deletedUids: [] }, Date.now());
  }

  get filter(): readonly string[] | null {
    return this.filters.at(-1) ?? null;
  }
}

describe('WantedPackets', () => {
  let node: Node;
  let wanted: WantedPackets;

  beforeEach(() => {
    node = new Node();
    node.know(pod('a', ['10.0.0.1', 'fd00::1']), pod('b', ['10.0.0.2']), pod('host', ['192.0.2.1'], true));
    wanted = new WantedPackets(node);
  });

  it('is the union of the pods of all streams, and everything without a stream', () => {
    const first = wanted.add(pods('a'));
    assert.deepEqual(node.filter, ['10.0.0.1', 'fd00::1']);
    const same = wanted.add(pods('a'));
    const second = wanted.add(pods('b'));
    assert.deepEqual(node.filter, ['10.0.0.1', 'fd00::1', '10.0.0.2']);
    first.close();
    assert.equal(node.filters.at(-1)?.length, 3);
    same.close();
    assert.deepEqual(node.filter, ['10.0.0.2']);
    second.close();
    assert.equal(node.filter, null);
  });

  it('filters nothing while one stream wants what addresses do not tell', () => {
    wanted.add(pods('a'));
    for (const target of [
      NODE,
      pods('host'),
      pods('b', 'unheard-of'),
      { podUids: [], namespaces: ['shop'] },
    ]) {
      const wide = wanted.add(target);
      assert.equal(node.filter, null);
      wide.close();
      assert.equal(node.filters.at(-1)?.length, 2);
    }
  });

  it('follows the pods', () => {
    wanted.add(pods('late'));
    assert.equal(node.filter, null);
    node.know(pod('late', []));
    wanted.apply();
    assert.equal(node.filter, null);
    node.know(pod('late', ['10.0.0.9']));
    wanted.apply();
    assert.deepEqual(node.filter, ['10.0.0.9']);
    node.inventory.update({ reset: false, upserts: [], deletedUids: ['late'] }, Date.now());
    wanted.apply();
    assert.equal(node.filter, null);
  });
});
