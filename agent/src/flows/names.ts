import type { UsedName } from '../identity/identity.ts';
import { Numbered } from './numbered.ts';

interface Entry<T> extends UsedName {
  readonly key: string | number;
  readonly value: T;
}

/** Values that records refer to by id. An id is never given twice; a value that no record uses any more is forgotten. */
export class Names<T> {
  readonly #byKey = new Map<string | number, Entry<T>>();
  readonly #byId = new Numbered<Entry<T>>();
  #next = 1;

  get size(): number {
    return this.#byId.size;
  }

  /** Counts one more use. @param key stands for the whole value */
  use(key: string | number, value: () => T): UsedName {
    let entry = this.#byKey.get(key);
    if (entry === undefined) {
      entry = { id: this.#next++, key, value: value(), uses: 0 };
      this.#byKey.set(key, entry);
      this.#byId.add(entry.id, entry);
    }
    entry.uses += 1;
    return entry;
  }

  /** Takes one use back; 0 stands for no name. @returns whether it was the last one */
  release(id: number): boolean {
    const entry = id === 0 ? undefined : this.#byId.get(id);
    if (entry === undefined) return false;
    entry.uses -= 1;
    if (entry.uses > 0) return false;
    this.#byId.delete(id);
    this.#byKey.delete(entry.key);
    return true;
  }

  /** Undefined where no record uses it. */
  idOf(key: string | number): number | undefined {
    return this.#byKey.get(key)?.id;
  }

  get(id: number): T | undefined {
    return this.#byId.get(id)?.value;
  }

  has(id: number): boolean {
    return this.#byId.get(id) !== undefined;
  }
}
