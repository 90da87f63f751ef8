/** Cgroups of one side that are remembered: each is a candidate for its name. */
const MOST_CGROUPS = 32;
const NOBODY: readonly number[] = [];

interface Sides {
  low: Set<number>;
  high: Set<number>;
}

/**
 * Sides of flows that more than one socket sent as, of different cgroups, by the flow's id: it is rare, so rows have no
 * room for it. One cgroup is in the row: see noteCgroup().
 */
export class OtherSenders {
  readonly #flows = new Map<number, Sides>();

  get size(): number {
    return this.#flows.size;
  }

  /** @param id of the flow @returns whether that is new */
  note(id: number, high: boolean, cgroup: number): boolean {
    let sides = this.#flows.get(id);
    if (sides === undefined) {
      sides = { low: new Set(), high: new Set() };
      this.#flows.set(id, sides);
    }
    const known = sides[high ? 'high' : 'low'];
    if (known.has(cgroup) || known.size >= MOST_CGROUPS) return false;
    known.add(cgroup);
    return true;
  }

  /** Cgroups beside the row's own. */
  of(id: number, high: boolean): readonly number[] {
    const known = this.#flows.get(id)?.[high ? 'high' : 'low'];
    return known === undefined || known.size === 0 ? NOBODY : [...known];
  }

  /** The flow has another id from now on, which had nothing here. */
  move(from: number, to: number): void {
    const moved = this.#flows.get(from);
    if (moved === undefined || from === to) return;
    this.#flows.delete(from);
    this.#flows.set(to, moved);
  }

  forget(id: number): void {
    this.#flows.delete(id);
  }
}
