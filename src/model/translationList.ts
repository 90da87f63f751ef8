import type { Protocol, Translation } from './flow.ts';
import { formatSocketAddress } from './socketAddress.ts';

/** One end of one tuple. */
export interface TranslatedEnd {
  readonly address: string;
  readonly port: number;
}

/** What NAT did to a flow, and the ends between which it is one. */
export interface TranslatedEnds {
  readonly protocol: Protocol;
  readonly client: TranslatedEnd;
  readonly server: TranslatedEnd;
  /** Where the client asked, before DNAT; null where it asked the server. */
  readonly asked: TranslatedEnd | null;
  /** Where the packets come from after SNAT; null where they come from the client. */
  readonly translated: TranslatedEnd | null;
  /** Whether that is an address of the node. */
  readonly masqueraded: boolean;
}

/** The translations as the public JSON has them. */
export function translationList(ends: TranslatedEnds): Translation[] {
  const { protocol, client, server, asked, translated, masqueraded } = ends;
  const hasPorts = protocol !== 'icmp' && protocol !== 'icmpv6';
  const text = ({ address, port }: TranslatedEnd): string =>
    hasPorts ? formatSocketAddress(address, port) : address;
  const list: Translation[] = [];
  if (asked !== null) list.push({ kind: 'dnat', from: text(asked), to: text(server) });
  if (translated !== null) {
    list.push({ kind: masqueraded ? 'masquerade' : 'snat', from: text(client), to: text(translated) });
  }
  return list;
}
