/**
 * A name from a question as it is shown: in lower case, because clients mix the case against forged answers, and what no
 * host name has in it as zone files write it (RFC 1035, section 5.1), so that no name looks like another or like several.
 */
export function askedName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9._*-]/gu, (character) =>
      [...Buffer.from(character)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join(''),
    );
}
