import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';

import { openCollector } from './addon.ts';
import { run } from './vethPair.ts';

const MEBIBYTE = 1 << 20;

interface MapInfo {
  id: number;
  name?: string;
  type: string;
  max_entries: number;
  bytes_memlock: number;
}

describe('capacity of the flow map', function () {
  this.timeout(30_000);
  for (const mebibytes of [1, 24, 100]) {
    it(`takes no more than ${mebibytes} MB of the kernel, and nearly all of it`, () => {
      const mapBytes = mebibytes * MEBIBYTE;
      const collector = openCollector({ mapBytes });
      const found = halves();
      assert.equal(found.length, 2);
      for (const half of found) {
        assert.equal(half.max_entries, collector.capacity);
      }
      const used = found.reduce((sum, half) => sum + half.bytes_memlock, 0);
      console.log(
        `      ${collector.capacity} entries a half, ${(used / MEBIBYTE).toFixed(1)} MB by the kernel's own account`,
      );
      assert(used <= mapBytes, `${used} bytes`);
      assert(used >= 0.95 * mapBytes, `${used} bytes`);
      collector.close();
    });
  }

  it('keeps the number of entries where no memory is given', () => {
    const collector = openCollector({ maxFlows: 5000 });
    assert.equal(collector.capacity, 5000);
    collector.close();
    assert.throws(() => openCollector({ mapBytes: 0 }), TypeError);
  });
});

/** The two halves: found among the maps that this process holds, because a program names only their array. */
function halves(): MapInfo[] {
  const held = readdirSync('/proc/self/fd').flatMap(mapIdOf);
  const maps = JSON.parse(run('bpftool', '-j', 'map', 'show')) as MapInfo[];
  return maps.filter(({ id, name }) => held.includes(id) && (name === 'flows_a' || name === 'flows_b'));
}

/** The map that a descriptor is of; nothing for another kind, or one that was closed meanwhile. */
function mapIdOf(descriptor: string): number[] {
  const path = `/proc/self/fdinfo/${descriptor}`;
  if (!existsSync(path)) return [];
  const id = /^map_id:\s*(\d+)$/m.exec(readFileSync(path, 'utf8'))?.[1];
  return id === undefined ? [] : [Number(id)];
}
