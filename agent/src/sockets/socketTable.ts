import { KEY, readUint64, viewOf } from '../collector/flowLayout.ts';
import { SOCKET, SOCKET_BYTES, SOCKET_STATE } from './socketLayout.ts';

/** One end of a flow, as its key (bpf/flow.h `struct flow_key`) has it. */
export interface KeyEnd {
  readonly view: DataView;
  /** Of the key. */
  readonly offset: number;
  /** Which side of the key. */
  readonly high: boolean;
}

/** A socket that may be an end of a flow. */
export interface FoundSocket {
  /** Id of the cgroup that made it. */
  readonly cgroup: number;
  readonly cookie: number;
  /** 0 for none. */
  readonly inode: number;
}

/** The key's fields as one end sees them: offsets of its own and of the other end's. */
interface Ends {
  readonly view: DataView;
  readonly ownAddress: number;
  readonly otherAddress: number;
  readonly ownPort: number;
  readonly otherPort: number;
  readonly protocol: number;
  readonly isIpv4: boolean;
}

const NONE = -1;

/** The sockets of one namespace at about one time, by tuple and by port. */
export class SocketTable {
  /** Wall times between which they were read, milliseconds. */
  readonly began: number;
  readonly ended: number;
  readonly #view: DataView;
  readonly #next: Int32Array;
  readonly #heads: Int32Array;

  /** @param records of NetworkNamespace.sockets() */
  constructor(records: Uint8Array, began: number, ended: number) {
    this.#view = viewOf(records);
    this.began = began;
    this.ended = ended;
    const count = Math.floor(records.length / SOCKET_BYTES);
    this.#next = new Int32Array(count);
    this.#heads = new Int32Array(2 ** Math.ceil(Math.log2(count + 2))).fill(NONE);
    for (let index = 0; index < count; index += 1) this.#add(index);
  }

  get size(): number {
    return this.#next.length;
  }

  /** The socket that is connected as the flow is; null where there is none. */
  connected(end: KeyEnd): FoundSocket | null {
    const ends = endsOf(end);
    const own = ends.view.getUint16(ends.ownPort, true);
    const other = ends.view.getUint16(ends.otherPort, true);
    for (
      let index = this.#first(ends.protocol, own, other);
      index !== NONE;
      index = this.#next[index] ?? NONE
    ) {
      const at = index * SOCKET_BYTES;
      if (!this.#hasPorts(at, ends.protocol, own, other) || other === 0) continue;
      if (!this.#sameAddress(at + SOCKET.localAddress, ends.view, ends.ownAddress)) continue;
      if (!this.#sameAddress(at + SOCKET.remoteAddress, ends.view, ends.otherAddress)) continue;
      if (this.#isOpen(at)) return this.#socket(at);
    }
    return null;
  }

  /**
   * The sockets that would take what is sent to the flow's end and belongs to no connection, by the kernel's order: bound
   * to the address before bound to any, of the packet's own family before both (inet_hashtables.c, udp.c,
   * compute_score). Several that share the port (SO_REUSEPORT), or that are bound to one interface, are all given.
   */
  bound(end: KeyEnd): FoundSocket[] {
    const ends = endsOf(end);
    const own = ends.view.getUint16(ends.ownPort, true);
    const best: number[] = [];
    const tied: number[] = [];
    let bestScore = 0;
    for (let index = this.#first(ends.protocol, own, 0); index !== NONE; index = this.#next[index] ?? NONE) {
      const at = index * SOCKET_BYTES;
      if (!this.#hasPorts(at, ends.protocol, own, 0) || !this.#listens(at)) continue;
      const score = this.#score(at, ends);
      if (score === 0) continue;
      if (this.#view.getUint32(at + SOCKET.interface, true) !== 0) tied.push(at);
      else if (score > bestScore) {
        bestScore = score;
        best.length = 0;
        best.push(at);
      } else if (score === bestScore) best.push(at);
    }
    return [...tied, ...best].map((at) => this.#socket(at));
  }

  /** Cookies of the sockets that are not connected. */
  *boundCookies(): Generator<number> {
    for (let at = 0; at < this.size * SOCKET_BYTES; at += SOCKET_BYTES) {
      if (this.#listens(at)) yield readUint64(this.#view, at + SOCKET.cookie);
    }
  }

  /** 0: does not take it. */
  #score(at: number, { view, ownAddress, isIpv4 }: Ends): number {
    const family = this.#view.getUint8(at + SOCKET.family);
    if (this.#sameAddress(at + SOCKET.localAddress, view, ownAddress)) return 4 + (family === 4 ? 1 : 0);
    if (!this.#isAny(at + SOCKET.localAddress)) return 0;
    if (family === 4) return isIpv4 ? 3 : 0;
    return isIpv4 && this.#view.getUint8(at + SOCKET.ipv6Only) === 1 ? 0 : 2;
  }

  #socket(at: number): FoundSocket {
    return {
      cgroup: readUint64(this.#view, at + SOCKET.cgroup),
      cookie: readUint64(this.#view, at + SOCKET.cookie),
      inode: this.#view.getUint32(at + SOCKET.inode, true),
    };
  }

  #listens(at: number): boolean {
    const state = this.#view.getUint8(at + SOCKET.state);
    return state === SOCKET_STATE.listen || (state === SOCKET_STATE.close && this.#isUnconnectedUdp(at));
  }

  #isUnconnectedUdp(at: number): boolean {
    return this.#view.getUint8(at + SOCKET.protocol) === 17;
  }

  /** Has an owner: what waits for its first or last packets has none any more. */
  #isOpen(at: number): boolean {
    return readUint64(this.#view, at + SOCKET.cgroup) !== 0;
  }

  #hasPorts(at: number, protocol: number, own: number, other: number): boolean {
    return (
      this.#view.getUint8(at + SOCKET.protocol) === protocol &&
      this.#view.getUint16(at + SOCKET.localPort, true) === own &&
      this.#view.getUint16(at + SOCKET.remotePort, true) === other
    );
  }

  #sameAddress(at: number, view: DataView, offset: number): boolean {
    for (let word = 0; word < 16; word += 4) {
      if (this.#view.getUint32(at + word) !== view.getUint32(offset + word)) return false;
    }
    return true;
  }

  /** `::` or ::ffff:0.0.0.0 */
  #isAny(at: number): boolean {
    const third = this.#view.getUint32(at + 8);
    return (
      this.#view.getUint32(at) === 0 &&
      this.#view.getUint32(at + 4) === 0 &&
      (third === 0 || third === 0xffff) &&
      this.#view.getUint32(at + 12) === 0
    );
  }

  #add(index: number): void {
    const at = index * SOCKET_BYTES;
    const slot = this.#slot(
      this.#view.getUint8(at + SOCKET.protocol),
      this.#view.getUint16(at + SOCKET.localPort, true),
      this.#view.getUint16(at + SOCKET.remotePort, true),
    );
    this.#next[index] = this.#heads[slot] ?? NONE;
    this.#heads[slot] = index;
  }

  #first(protocol: number, own: number, other: number): number {
    return this.#heads[this.#slot(protocol, own, other)] ?? NONE;
  }

  #slot(protocol: number, own: number, other: number): number {
    const mixed = Math.imul(((own << 16) | other) ^ (protocol << 8), 0x9e3779b1);
    return (mixed ^ (mixed >>> 15)) & (this.#heads.length - 1);
  }
}

function endsOf({ view, offset, high }: KeyEnd): Ends {
  const [low, other] = [offset + KEY.lowAddress, offset + KEY.highAddress];
  const [lowPort, highPort] = [offset + KEY.lowPort, offset + KEY.highPort];
  return {
    view,
    ownAddress: high ? other : low,
    otherAddress: high ? low : other,
    ownPort: high ? highPort : lowPort,
    otherPort: high ? lowPort : highPort,
    protocol: view.getUint8(offset + KEY.protocol),
    isIpv4: view.getUint8(offset + KEY.family) === 4,
  };
}
