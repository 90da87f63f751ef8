const NONE = -1;
const FIRST_SLOTS = 1024;

/** Which agents' flows are in which row: rings of slots, each with its row's slot, in typed arrays. */
export class CrossNodeGroups {
  #rows = new Int32Array(FIRST_SLOTS).fill(NONE);
  #following = new Int32Array(FIRST_SLOTS).fill(NONE);
  /** Of each row's slot: one of its flows. */
  #first = new Int32Array(FIRST_SLOTS).fill(NONE);
  #turned = new Uint8Array(FIRST_SLOTS);

  /** The row that a flow is in; negative for none. */
  rowOf(slot: number): number {
    return this.#rows[slot] ?? NONE;
  }

  /** One of a row's flows; negative when it has none. */
  first(row: number): number {
    return this.#first[row] ?? NONE;
  }

  /** Whether the flow's client is the server of some others of its row: an agent took the one for the other. */
  isTurned(slot: number): boolean {
    return this.#turned[slot] === 1;
  }

  /** All flows of a row. */
  members(row: number): number[] {
    const members: number[] = [];
    const first = this.first(row);
    if (first === NONE) return members;
    let slot = first;
    do {
      members.push(slot);
      slot = this.#following[slot] ?? first;
    } while (slot !== first);
    return members;
  }

  /** Puts a flow that is in no row into one. */
  join(slot: number, row: number, turned: boolean): void {
    this.#grow(Math.max(slot, row));
    this.#turned[slot] = turned ? 1 : 0;
    const first = this.first(row);
    this.#rows[slot] = row;
    this.#following[slot] = first === NONE ? slot : (this.#following[first] ?? NONE);
    if (first === NONE) this.#first[row] = slot;
    else this.#following[first] = slot;
  }

  /** Takes a flow out of its row. */
  leave(slot: number): void {
    const row = this.rowOf(slot);
    if (row === NONE) return;
    const after = this.#following[slot] ?? slot;
    let before = after;
    while (this.#following[before] !== slot) before = this.#following[before] ?? slot;
    this.#following[before] = after;
    this.#first[row] = after === slot ? NONE : after;
    this.#rows[slot] = NONE;
    this.#following[slot] = NONE;
  }

  #grow(slot: number): void {
    if (slot < this.#rows.length) return;
    const length = Math.max(slot + 1, this.#rows.length * 2);
    this.#rows = grown(this.#rows, length);
    this.#following = grown(this.#following, length);
    this.#first = grown(this.#first, length);
    const turned = new Uint8Array(length);
    turned.set(this.#turned);
    this.#turned = turned;
  }
}

function grown(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length).fill(NONE);
  larger.set(array);
  return larger;
}
