/** Compares rows with what the cluster says of the same connection. */
import type { ConntrackEnds } from '../../lab/truth/connections.ts';
import type { ExpectedEnd, ExpectedRow } from './expected.ts';
import type { ObservedRows, Row, RowEnd } from './observedRows.ts';
import { isNamed, shownName, shownText } from './shown.ts';

/** What may be wrong with a row. Of the first two there may be none in any row that an agent ever showed. */
export type FaultKind = 'wrong name' | 'guessed as certain' | 'unnamed' | 'missing' | 'double' | 'other';

export interface Fault {
  readonly kind: FaultKind;
  readonly text: string;
}

export interface Verdict {
  readonly row: Row | null;
  readonly faults: readonly Fault[];
}

/** Rows of one connection at one agent. */
export function rowsOf(observed: ObservedRows, tuples: readonly ConntrackEnds[], protocol = 'tcp'): Row[] {
  return observed.rows.filter(
    (row) => row.protocol === protocol && tuples.some((tuple) => isBetween(row, tuple)),
  );
}

export function judge(expected: ExpectedRow, observed: ObservedRows): Verdict {
  const [found, ...others] = rowsOf(observed, expected.tuples);
  if (found === undefined) return { row: null, faults: [fault('missing', 'no row')] };
  const row = turnedBack(found, expected);
  const faults = [
    ...others.map((other) => fault('double', `also ${shownText(other.client)} → ${shownText(other.server)}`)),
    ...[...observed.earlier(row), found].flatMap((each) => wrongNames(expected, turnedBack(each, expected))),
    ...openEnds(expected, row),
    ...different('Service', serviceName(row), expected.service),
    ...different('NAT', row.nat.map(natText).join(), expected.nat.join()),
  ];
  return { row, faults };
}

export function fault(kind: FaultKind, text: string): Fault {
  return { kind, text };
}

export function natText({ kind, from, to }: Row['nat'][number]): string {
  return `${kind} ${from} to ${to}`;
}

export function serviceName(row: Row): string | null {
  return row.service === null ? null : `${row.service.namespace ?? ''}/${row.service.name ?? ''}`;
}

function wrongNames(expected: ExpectedRow, { client, server }: Row): Fault[] {
  if (isAt(client, expected.server) && isAt(server, expected.client)) {
    return [fault('guessed as certain', 'client and server changed places')];
  }
  return [...wrongName('client', client, expected.client), ...wrongName('server', server, expected.server)];
}

/**
 * Where nobody saw the opening the lower port is taken for the server's, and said to be guessed: ends are compared by
 * address then.
 */
function turnedBack(row: Row, expected: ExpectedRow): Row {
  if (row.initiator === 'certain' || !isAt(row.client, expected.server)) return row;
  return { ...row, client: row.server, server: row.client, sent: row.received, received: row.sent };
}

function isAt(end: RowEnd, { address, port }: ExpectedEnd): boolean {
  return end.address === address && end.port === port;
}

function wrongName(side: string, end: RowEnd, expected: ExpectedEnd): Fault[] {
  // Before it is known that an address was translated, the Service that has it is the one asked.
  const isAddress = end.address !== expected.address;
  if (isAddress || !isNamed(end) || isSameName(shownName(end), expected.name)) return [];
  return [fault('wrong name', `${side} is ${shownText(end)}, not ${expected.name}`)];
}

/** In the row's last state. */
function openEnds(expected: ExpectedRow, row: Row): Fault[] {
  const ends = [
    ['client', row.client, expected.client],
    ['server', row.server, expected.server],
  ] as const;
  return ends.flatMap(([side, end, wanted]) => {
    const address = different(`address of the ${side}`, end.address, wanted.address);
    const shown = shownName(end);
    const isOpen = shown !== wanted.name && (shown.endsWith('?') || !isNamed(end));
    const missing = wanted.candidates.filter((one) => !end.candidates.includes(one));
    const open = missing.map((one) => fault('unnamed', `${one} is no candidate for the ${side}`));
    return [...address, ...open, ...(isOpen ? [fault('unnamed', `${side} is ${shownText(end)}`)] : [])];
  });
}

/** A container that is not told is open, not wrong; a unit is the process that runs in it. */
export function isSameName(shown: string, expected: string): boolean {
  if (shown === expected || shown === `${expected}.service`) return true;
  return shown.endsWith('/?') && expected.startsWith(shown.slice(0, -1));
}

function different(what: string, shown: string | null, expected: string | null): Fault[] {
  if (shown === expected) return [];
  return [fault('other', `${what} is ${shown ?? 'none'}, not ${expected ?? 'none'}`)];
}

function isBetween({ client, server }: Row, tuple: ConntrackEnds): boolean {
  const [one, other] = [ends(tuple.source, tuple.sourcePort), ends(tuple.destination, tuple.destinationPort)];
  const [first, second] = [ends(client.address, client.port), ends(server.address, server.port)];
  return (first === one && second === other) || (first === other && second === one);
}

function ends(address: string, port: number): string {
  return `${address} ${port}`;
}
