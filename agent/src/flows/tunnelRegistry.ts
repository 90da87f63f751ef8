import type { TunnelKind } from '../../../src/model/flow.ts';
import { TUNNEL_KINDS } from '../../../src/model/flow.ts';
import { KEY, TUNNEL, TUNNEL_BYTES, viewOf } from '../collector/flowLayout.ts';
import { addressText } from '../identity/address.ts';

const ADDRESS_BYTES = KEY.highAddress - KEY.lowAddress;

/** A tunnel as its packets show it, from one end to the other. */
export interface Tunnel {
  /** As flow records carry it. */
  readonly id: number;
  readonly kind: TunnelKind;
  /** VNI or GRE key, null where there is none. */
  readonly identifier: number | null;
  readonly source: string;
  readonly destination: string;
  /** As in a flow's key. */
  readonly sourceBytes: Uint8Array;
  readonly destinationBytes: Uint8Array;
  readonly destinationPort: number;
  /** Index as in flow records. */
  readonly netns: number;
  /** IP protocol number of the packets around. */
  readonly protocol: number;
}

/** What carries one direction of a flow. */
export interface Carrier {
  readonly tunnel: Tunnel;
  /** Of the tunnel's packets, 0 where they have no ports. */
  readonly sourcePort: number;
  /** Id of the row of the tunnel's packets, 0 for none. */
  readonly flow: number;
}

/** The kernel's tunnels by id. They are read when an id turns up that is not known, and never change. */
export class TunnelRegistry {
  readonly #read: () => Uint8Array;
  readonly #known = new Map<number, Tunnel | null>();

  /** @param read gives all tunnels, TUNNEL_BYTES each */
  constructor(read: () => Uint8Array) {
    this.#read = read;
  }

  /** Null for an id that the kernel does not know either. */
  get(id: number): Tunnel | null {
    if (!this.#known.has(id)) this.#learn();
    const tunnel = this.#known.get(id) ?? null;
    // So that it is not looked for again.
    if (tunnel === null) this.#known.set(id, null);
    return tunnel;
  }

  #learn(): void {
    const bytes = this.#read();
    const view = viewOf(bytes);
    for (let at = 0; at + TUNNEL_BYTES <= bytes.length; at += TUNNEL_BYTES) {
      const id = view.getUint32(at + TUNNEL.id, true);
      if (!this.#known.has(id)) this.#known.set(id, tunnelAt(bytes, view, at, id));
    }
  }
}

function tunnelAt(bytes: Uint8Array, view: DataView, at: number, id: number): Tunnel | null {
  const kind = TUNNEL_KINDS[view.getUint8(at + TUNNEL.kind) - 1];
  if (kind === undefined) return null;
  return {
    id,
    kind,
    identifier: identifierOf(kind, view.getUint32(at + TUNNEL.identifier, true)),
    source: addressText(view, at + TUNNEL.source),
    destination: addressText(view, at + TUNNEL.destination),
    sourceBytes: bytes.slice(at + TUNNEL.source, at + TUNNEL.source + ADDRESS_BYTES),
    destinationBytes: bytes.slice(at + TUNNEL.destination, at + TUNNEL.destination + ADDRESS_BYTES),
    destinationPort: view.getUint16(at + TUNNEL.port, true),
    netns: view.getUint32(at + TUNNEL.netns, true),
    protocol: view.getUint8(at + TUNNEL.protocol),
  };
}

/** A GRE header without a key (RFC 2890) leaves the kernel's number 0. */
function identifierOf(kind: TunnelKind, identifier: number): number | null {
  if (kind === 'ip' || (kind === 'gre' && identifier === 0)) return null;
  return identifier;
}
