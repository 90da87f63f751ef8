import { join } from 'node:path';
import type { PinnedMap } from '../../../native/index.d.ts';
import type { Addon } from '../../collector/addon.ts';
import { codeOf, messageOf } from '../../failure.ts';
import { ASIDE, GLOBALS, MAPS, REQUIRED } from './ciliumLayout.ts';
import type { MapLayout, MapName } from './ciliumLayout.ts';

type OpenMaps = Partial<Record<MapName, PinnedMap>>;

/** BPF_MAP_TYPE_HASH and BPF_MAP_TYPE_LRU_HASH. */
const HASHES = new Set([1, 9]);
/** BPF_MAP_TYPE_LPM_TRIE. */
const TRIES = new Set([11]);

/** Cilium's maps of one node, open for reading. */
export class CiliumMaps {
  readonly #maps: OpenMaps;

  private constructor(maps: OpenMaps) {
    this.#maps = maps;
  }

  /**
   * @param root of the node's BPF file system
   * @throws UnreadableMaps that says why nothing can be joined from them
   */
  static open(addon: Addon, root: string): CiliumMaps {
    const maps: OpenMaps = {};
    try {
      for (const [name, layout] of Object.entries(MAPS) as [MapName, MapLayout][]) {
        const map = openMap(addon, join(root, GLOBALS, layout.pin));
        if (map === null && REQUIRED.includes(name)) {
          throw new UnreadableMaps(`there is no map ${layout.pin} in ${root}`);
        }
        if (map === null) continue;
        const difference = layoutDifference(map, layout);
        if (difference === null) maps[name] = map;
        else map.close();
        if (difference !== null && !ASIDE.includes(name)) throw new UnreadableMaps(difference);
      }
    } catch (error) {
      closeAll(maps);
      throw error;
    }
    return new CiliumMaps(maps);
  }

  /** Values of packed keys; null where Cilium has no such map. */
  lookup(name: MapName, keys: Uint8Array): ReturnType<PinnedMap['lookup']> | null {
    return this.#maps[name]?.lookup(keys) ?? null;
  }

  close(): void {
    closeAll(this.#maps);
  }
}

/** Why Cilium's maps tell nothing. */
export class UnreadableMaps extends Error {}

function closeAll(maps: OpenMaps): void {
  for (const map of Object.values(maps)) map.close();
}

function openMap(addon: Addon, path: string): PinnedMap | null {
  try {
    return new addon.PinnedMap(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw new UnreadableMaps(messageOf(error), { cause: error });
  }
}

function layoutDifference({ type, keySize, valueSize }: PinnedMap, layout: MapLayout): string | null {
  const types = layout.isTrie === true ? TRIES : HASHES;
  const isKnown = keySize === layout.keySize && valueSize === layout.valueSize && types.has(type);
  if (isKnown) return null;
  return (
    `the layout of ${layout.pin} is not known: keys of ${keySize} bytes and values of ${valueSize} in a map of type ${type}, ` +
    `not ${layout.keySize} and ${layout.valueSize} in a ${layout.isTrie === true ? 'trie' : 'hash'} as in Cilium 1.15`
  );
}
