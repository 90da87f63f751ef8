/** How an end of a row reads, to be compared with how the cluster's facts read. */
import type { RowEnd } from './observedRows.ts';

/** `KIND NAME`; `KIND ?` where the row names nobody. Of an address outside the address, whatever names it has. */
export function shownName(end: RowEnd): string {
  const { kind, namespace, name, container } = end;
  if (kind === 'external') return `external ${end.address}`;
  if (name === null) return `${kind} ?`;
  if (kind === 'pod') return `pod ${namespace ?? '?'}/${name}/${container ?? '?'}`;
  return namespace === null ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

export function isNamed(end: RowEnd): boolean {
  return end.name !== null && end.candidates.length === 0;
}

/** For people: with candidates and names from DNS. */
export function shownText(end: RowEnd): string {
  const names = end.names.length === 0 ? '' : ` (${end.names.join(', ')})`;
  const candidates = end.candidates.length === 0 ? '' : ` of ${end.candidates.join(' | ')}`;
  return `${shownName(end)}${names}${candidates}`;
}
