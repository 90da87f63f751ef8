import ipaddr from 'ipaddr.js';
import { PROTOCOL_NUMBERS } from './protocolNumbers.ts';

/** Packets of one of these addresses, one of these ports and one of these protocols; empty for any. */
export interface CaptureFilter {
  /** Addresses and prefixes. */
  readonly addresses: readonly string[];
  readonly ports: readonly number[];
  /** IP protocol numbers. */
  readonly protocols: readonly number[];
}

/** Reads words such as `tcp 8080 10.244.1.0/24`. @returns what is wrong with them where they are no filter */
export function parseCaptureFilter(text: string): CaptureFilter | string {
  const addresses: string[] = [];
  const ports: number[] = [];
  const protocols: number[] = [];
  for (const word of text.split(/[\s,]+/).filter(Boolean)) {
    const protocol = numberOf(word);
    if (protocol !== undefined) protocols.push(protocol);
    else if (/^\d+$/.test(word) && Number(word) <= 65_535) ports.push(Number(word));
    else if (isAddress(word)) addresses.push(word);
    else return `“${word}” is no protocol, port or address`;
  }
  return { addresses, ports, protocols };
}

/** In words: `tcp or udp, port 53, 10.244.1.5`; empty where every packet passes. */
export function captureFilterText({ addresses, ports, protocols }: CaptureFilter): string {
  const names = protocols.map(
    (number) => Object.entries(PROTOCOL_NUMBERS).find(([, of]) => of === number)?.[0] ?? String(number),
  );
  const port = ports.length === 0 ? '' : `port ${ports.join(' or ')}`;
  return [names.join(' or '), port, addresses.join(' or ')].filter(Boolean).join(', ');
}

/** In full: 10.1 would be one, too. */
function isAddress(word: string): boolean {
  return word.includes('/')
    ? ipaddr.isValidCIDR(word)
    : ipaddr.IPv6.isValid(word) || ipaddr.IPv4.isValidFourPartDecimal(word);
}

function numberOf(name: string): number | undefined {
  const known = name.toLowerCase();
  return Object.hasOwn(PROTOCOL_NUMBERS, known) ? PROTOCOL_NUMBERS[known] : undefined;
}
