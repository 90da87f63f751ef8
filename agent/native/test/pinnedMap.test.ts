import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { addon } from './addon.ts';
import { run } from './vethPair.ts';

const LRU_HASH = 9;

/** As bpftool prints it. */
interface Listed {
  readonly id: number;
  readonly type: string;
  readonly name: string;
  readonly bytes_key: number;
  readonly bytes_value: number;
}

/** Maps that bpftool makes and fills, so that what is read is what somebody else wrote. */
describe('pinned maps', () => {
  let folder: string;
  let pin: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'vethscope-maps-'));
    pin = join(folder, 'connections');
    run('mount', '-t', 'bpf', 'bpf', folder);
    const facts = ['type', 'lru_hash', 'key', '6', 'value', '10', 'entries', '64', 'name', 'a_long_map_name'];
    run('bpftool', 'map', 'create', pin, ...facts);
    for (const number of [1, 2]) update(number, number * 16);
  });

  after(() => {
    run('umount', folder);
    rmdirSync(folder);
  });

  function update(key: number, value: number): void {
    const bytes = (length: number, last: number): string[] =>
      Array.from({ length }, (_, index) => String(index === length - 1 ? last : index));
    run('bpftool', 'map', 'update', 'pinned', pin, 'key', ...bytes(6, key), 'value', ...bytes(10, value));
  }

  const key = (last: number): number[] => [0, 1, 2, 3, 4, last];
  const value = (last: number): number[] => [0, 1, 2, 3, 4, 5, 6, 7, 8, last];

  it('say what they are, as bpftool does', () => {
    const listed = JSON.parse(run('bpftool', '-j', 'map', 'show', 'pinned', pin)) as Listed;
    const map = new addon.PinnedMap(pin);
    try {
      const { id, keySize, valueSize, name, type } = map;
      assert.deepEqual(
        { id, keySize, valueSize, name },
        {
          id: listed.id,
          keySize: listed.bytes_key,
          valueSize: listed.bytes_value,
          name: listed.name,
        },
      );
      assert.deepEqual([listed.type, type], ['lru_hash', LRU_HASH]);
    } finally {
      map.close();
    }
  });

  it('are looked up key by key, and show what was written since', () => {
    const map = new addon.PinnedMap(pin);
    try {
      const keys = Uint8Array.from([...key(2), ...key(9), ...key(1)]);
      const { found, values } = map.lookup(keys);
      assert.deepEqual([...found], [1, 0, 1]);
      assert.deepEqual([...values], [...value(32), ...Array<number>(10).fill(0), ...value(16)]);
      update(9, 144);
      const later = map.lookup(Uint8Array.from(key(9)));
      assert.deepEqual([[...later.found], [...later.values]], [[1], value(144)]);
      assert.deepEqual(map.lookup(new Uint8Array(0)), { found: Buffer.alloc(0), values: Buffer.alloc(0) });
      assert.throws(() => map.lookup(new Uint8Array(5)), TypeError);
    } finally {
      map.close();
    }
    assert.throws(() => map.lookup(Uint8Array.from(key(1))), { code: 'EBADF' });
  });

  it('are not looked up where each CPU has a value of its own', () => {
    const path = join(folder, 'percpu');
    const facts = ['type', 'percpu_hash', 'key', '4', 'value', '4', 'entries', '4', 'name', 'percpu'];
    run('bpftool', 'map', 'create', path, ...facts);
    const map = new addon.PinnedMap(path);
    try {
      assert.throws(() => map.lookup(new Uint8Array(4)), { code: 'EOPNOTSUPP' });
    } finally {
      map.close();
    }
  });

  it('say that there is none', () => {
    const before = addon.openHandles();
    const path = join(folder, 'nothing');
    assert.throws(() => new addon.PinnedMap(path), { code: 'ENOENT', message: /nothing/ });
    assert.equal(addon.openHandles(), before);
  });
});
