/**
 * An address with its port; IPv6 in brackets. Apart from format.ts, whose number formats load ICU’s data: 5 MB that the
 * agent does without.
 */
export function formatSocketAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
