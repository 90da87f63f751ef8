/** Types that came after the decoder's list (RFC 9460). */
const NEWER: Readonly<Record<string, string>> = { UNKNOWN_64: 'SVCB', UNKNOWN_65: 'HTTPS' };

/** The mnemonic, or TYPE and the number (RFC 3597), for the decoder's name of a type. */
export function codeOfType(name: string): string {
  return NEWER[name] ?? name.replace(/^UNKNOWN_/, 'TYPE');
}
