/** The fields we ask tshark for, and one packet's values of them. */

/** Nothing here is text with commas, so that the occurrences of a field can be told apart. */
export const FIELDS = [
  ...['frame.number', 'frame.protocols', '_ws.malformed', '_ws.unreassembled'],
  ...['eth.type', 'vlan.etype', 'ieee8021ah.etype'],
  ...['ip.version', 'ip.hdr_len', 'ip.len', 'ip.id', 'ip.flags.mf', 'ip.frag_offset'],
  ...['ip.proto', 'ip.src', 'ip.dst', 'ip.cur_rt'],
  ...['ipv6.version', 'ipv6.plen', 'ipv6.nxt', 'ipv6.src', 'ipv6.dst'],
  ...['ipv6.hopopts.nxt', 'ipv6.hopopts.len', 'ipv6.dstopts.nxt', 'ipv6.dstopts.len'],
  ...['ipv6.routing.nxt', 'ipv6.routing.len'],
  ...['ipv6.fraghdr.nxt', 'ipv6.fraghdr.offset', 'ipv6.fraghdr.more', 'ipv6.fraghdr.ident'],
  ...['ah.next_header', 'ah.length', 'ah.spi', 'esp.spi'],
  ...[
    'tcp.srcport',
    'tcp.dstport',
    'tcp.hdr_len',
    'udp.srcport',
    'udp.dstport',
    'udp.length',
    'sctp.srcport',
    'sctp.dstport',
    'dccp.srcport',
    'dccp.dstport',
  ],
  ...['icmp.type', 'icmp.code', 'icmp.ident', 'icmpv6.type', 'icmpv6.code', 'icmpv6.echo.identifier'],
  ...['igmp.type', 'gre.flags_and_version', 'gre.proto'],
  ...['vxlan.flags', 'vxlan.vni', 'geneve.version', 'geneve.proto_type', 'geneve.vni'],
] as const;

export type Field = (typeof FIELDS)[number];

export const SEPARATOR = '\t';
export const AGGREGATOR = ',';

/** A packet's values, each field's occurrences in the order in which tshark met them. */
export class Row {
  readonly #values: readonly string[];
  readonly #taken = new Map<Field, number>();

  constructor(line: string) {
    this.#values = line.split(SEPARATOR);
    if (this.#values.length !== FIELDS.length) {
      throw new Error(`tshark gave ${this.#values.length} fields, not ${FIELDS.length}: ${line}`);
    }
  }

  all(field: Field): readonly string[] {
    const value = this.#values[FIELDS.indexOf(field)] ?? '';
    return value === '' ? [] : value.split(AGGREGATOR);
  }

  /** The next occurrence; undefined where there is none. */
  text(field: Field): string | undefined {
    const index = this.#taken.get(field) ?? 0;
    const value = this.all(field)[index];
    if (value !== undefined) this.#taken.set(field, index + 1);
    return value;
  }

  /** The next occurrence as a number, decimal or hexadecimal as tshark writes it. */
  number(field: Field): number | undefined {
    const value = this.text(field);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (Number.isNaN(number)) throw new Error(`${field} is not a number: ${value}`);
    return number;
  }

  /** Fields with occurrences that nobody took: then the layers were not walked as tshark did. */
  left(fields: readonly Field[]): readonly Field[] {
    return fields.filter((field) => this.all(field).length > (this.#taken.get(field) ?? 0));
  }
}
