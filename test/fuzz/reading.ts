/** From tshark's flat fields back to the packets in a frame: its list of layers says whose turn each value is. */
import { ETHERTYPE_FIELDS, EXTENSIONS, readIpv4, readIpv6, TRANSPORTS, TUNNELS } from './layers.ts';
import type { Extension, Inside, Link, Maybe, Network, Transport } from './layers.ts';
import type { Field, Row } from './tsharkFields.ts';

export interface Reading {
  /** Of the frame's own headers, and of the last frame inside it. */
  readonly link: Link;
  readonly lastLink: Link;
  readonly network: Network | undefined;
  /** Of a last packet whose version is not what announced it: tshark shows it and reads no further. */
  readonly rejectedVersion: Maybe;
  readonly malformed: boolean;
}

/** tshark's list of layers lacks some of those whose values it shows: a dissector within took its offer back. */
export class LayersCut extends Error {}

const TAKEN_WHOLLY: readonly Field[] = [
  ...(['ip.src', 'ip.frag_offset', 'ipv6.src', 'ipv6.nxt'] as const),
  ...(['ipv6.hopopts.nxt', 'ipv6.dstopts.nxt', 'ipv6.routing.nxt', 'ipv6.fraghdr.nxt', 'ah.spi'] as const),
  ...(['tcp.srcport', 'udp.srcport', 'sctp.srcport', 'icmp.type', 'icmp.ident', 'icmpv6.type'] as const),
  ...(['icmpv6.echo.identifier', 'igmp.type', 'gre.proto', 'esp.spi', 'vxlan.vni', 'geneve.vni'] as const),
  ...(['eth.type', 'vlan.etype', 'ieee8021ah.etype'] as const),
];

class Walk {
  readonly #row: Row;
  /** Of the frame that is being read. */
  etherTypes: number[] = [];
  #current: Network | undefined;
  first: Network | undefined;
  firstLink: Link = { etherTypes: [] };

  constructor(row: Row) {
    this.#row = row;
  }

  layer(name: string): void {
    const row = this.#row;
    const etherType = ETHERTYPE_FIELDS[name];
    const extension = EXTENSIONS[name];
    const transport = TRANSPORTS[name];
    const tunnel = TUNNELS[name];
    if (etherType !== undefined) this.#link(name, etherType);
    else if (name === 'ip' || name === 'ipv6') this.#network(name);
    else if (this.#current === undefined) return;
    else if (extension !== undefined) this.#extension(extension(row));
    else if (transport !== undefined) this.#transport(transport(row, name));
    else if (tunnel !== undefined) this.#current.tunnel = tunnel(row);
  }

  #link(name: string, field: Field): void {
    if (name === 'eth') this.etherTypes = [];
    const type = this.#row.number(field);
    if (type !== undefined) this.etherTypes.push(type);
    if (this.#current === undefined) this.firstLink = { etherTypes: this.etherTypes };
  }

  #network(name: 'ip' | 'ipv6'): void {
    const link = { etherTypes: this.etherTypes };
    const network = name === 'ip' ? readIpv4(this.#row, link) : readIpv6(this.#row, link);
    const outside = this.#current;
    if (outside === undefined) this.first = network;
    else outside.inside = { by: insideBy(outside), network };
    this.#current = network;
    this.etherTypes = [];
  }

  #extension(extension: Extension): void {
    if (this.#current?.transport === undefined) this.#current?.extensions.push(extension);
  }

  #transport(transport: Transport): void {
    // What follows AH is within the flow that its SPI names.
    if (this.#current?.transport !== undefined || this.#current === undefined) return;
    this.#current.transport = transport;
    if (transport.layer !== 'gre') return;
    this.#current.tunnel = { kind: 'gre', flags: transport.flags, type: transport.greProtocol };
  }
}

function insideBy(outside: Network): Inside['by'] {
  if (outside.tunnel !== undefined) return 'tunnel';
  const layer = outside.transport?.layer;
  return layer === 'icmp' || layer === 'icmpv6' ? 'quote' : 'ip';
}

/** Throws LayersCut where the layers do not account for every value: then what we say tshark read, it did not. */
export function readRow(row: Row): Reading {
  const walk = new Walk(row);
  for (const name of (row.text('frame.protocols') ?? '').split(':')) walk.layer(name);
  const left = row.left(TAKEN_WHOLLY);
  if (left.length > 0) {
    throw new LayersCut(`frame ${row.text('frame.number') ?? '?'}: ${left.join(', ')} belong to no layer`);
  }
  return {
    link: walk.firstLink,
    lastLink: { etherTypes: walk.etherTypes },
    network: walk.first,
    rejectedVersion: row.number('ipv6.version') ?? row.number('ip.version'),
    malformed: row.all('_ws.malformed').length + row.all('_ws.unreassembled').length > 0,
  };
}
