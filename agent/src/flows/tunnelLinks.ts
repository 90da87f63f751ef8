import { KEY, KEY_BYTES, viewOf } from '../collector/flowLayout.ts';
import { isMapped } from '../identity/address.ts';
import { NONE, ROW, ROW_BYTES } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';
import type { Tunnel } from './tunnelRegistry.ts';
import { TunnelRegistry } from './tunnelRegistry.ts';

interface SideFields {
  readonly tunnel: number;
  readonly outerPort: number;
  readonly carrier: number;
}

const SIDES: readonly SideFields[] = [
  { tunnel: ROW.lowTunnel, outerPort: ROW.lowOuterPort, carrier: ROW.lowCarrier },
  { tunnel: ROW.highTunnel, outerPort: ROW.highOuterPort, carrier: ROW.highCarrier },
];

const ETHER_TYPE = { ipv4: 0x0800, ipv6: 0x86dd, frame: 0x6558 } as const;
const IPV4 = 4;

/**
 * Ties the rows of packets inside tunnels to the tunnel and to the row of the packets around them. The kernel counts the
 * packet around before the one inside, so its row is there.
 */
export class TunnelLinks {
  readonly #table: FlowTable;
  readonly #tunnels: TunnelRegistry;
  readonly #key = new Uint8Array(KEY_BYTES);
  readonly #keyView = viewOf(this.#key);

  /** @param read gives the kernel's tunnels, TUNNEL_BYTES each */
  constructor(table: FlowTable, read: () => Uint8Array) {
    this.#table = table;
    this.#tunnels = new TunnelRegistry(read);
  }

  /** Brings a row's links up to date. A link outlives the row it leads to: ids are never given twice. */
  link(row: number): void {
    for (const side of SIDES) {
      const id = this.#table.uint32(row, side.tunnel);
      const tunnel = id === 0 ? null : this.#tunnels.get(id);
      if (tunnel !== null) this.#linkSide(row, side, tunnel);
    }
  }

  #linkSide(row: number, side: SideFields, tunnel: Tunnel): void {
    const { names, rows } = this.#table;
    const sourcePort = this.#table.uint16(row, side.outerPort);
    const before = this.#table.uint32(row, side.carrier);
    const known = names.carriers.get(before);
    const outer = this.#outerRow(row, tunnel, sourcePort);
    const flow = outer === NONE ? 0 : this.#table.idOf(outer);
    if (known?.tunnel === tunnel && known.sourcePort === sourcePort) {
      if (flow === 0 || flow === known.flow) return;
    }
    rows.setUint32(row * ROW_BYTES + side.carrier, names.useCarrier({ tunnel, sourcePort, flow }), true);
    names.carriers.release(before);
  }

  #outerRow(row: number, tunnel: Tunnel, sourcePort: number): number {
    for (const detail of this.#details(row, tunnel)) {
      this.#writeKey(tunnel, sourcePort, detail);
      const found = this.#table.find(this.#keyView, 0);
      if (found !== NONE) return found;
    }
    return NONE;
  }

  /** What a key's detail may be: GRE's protocol type, which the tunnel does not tell. */
  #details(row: number, { kind }: Tunnel): readonly number[] {
    if (kind !== 'gre') return [0];
    const isIpv4 = this.#table.uint8(row, ROW.key + KEY.family) === IPV4;
    return [isIpv4 ? ETHER_TYPE.ipv4 : ETHER_TYPE.ipv6, ETHER_TYPE.frame];
  }

  #writeKey(tunnel: Tunnel, sourcePort: number, detail: number): void {
    const { sourceBytes, destinationBytes, destinationPort } = tunnel;
    const order = Buffer.compare(sourceBytes, destinationBytes);
    const sourceIsHigh = order > 0 || (order === 0 && sourcePort > destinationPort);
    const view = this.#keyView;
    this.#key.set(sourceBytes, sourceIsHigh ? KEY.highAddress : KEY.lowAddress);
    this.#key.set(destinationBytes, sourceIsHigh ? KEY.lowAddress : KEY.highAddress);
    view.setUint32(KEY.netns, tunnel.netns, true);
    view.setUint16(KEY.lowPort, sourceIsHigh ? destinationPort : sourcePort, true);
    view.setUint16(KEY.highPort, sourceIsHigh ? sourcePort : destinationPort, true);
    view.setUint8(KEY.protocol, tunnel.protocol);
    view.setUint8(KEY.family, isMapped(view, KEY.lowAddress) ? IPV4 : 6);
    view.setUint16(KEY.detail, detail, true);
  }
}
