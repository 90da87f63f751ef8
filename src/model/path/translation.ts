import type { Tuple } from '../flow.ts';
import type { PathQuestion } from './flowPath.ts';

/** What a node's connection tracking makes of one end of a conversation's packets. */
export interface EndTranslation {
  readonly kind: 'dnat' | 'snat';
  readonly from: TupleEnd;
  readonly to: TupleEnd;
  /** Whose connection tracking says so; null where that is not known. */
  readonly node: string | null;
}

export interface TupleEnd {
  readonly address: string;
  /** Null for any, which stays. */
  readonly port: number | null;
}

/** What one conversation's packets look like before and after translation. */
export interface Translated {
  /** Client to what it asked for. */
  readonly asked: Tuple;
  /** Client to the backend. */
  readonly chosen: Tuple;
  /** What the backend gets: with the client's translated address. */
  readonly sent: Tuple;
  readonly translations: readonly EndTranslation[];
}

/** @throws RangeError where an address of a translation cannot be read */
export function translated(flow: Pick<PathQuestion, 'client' | 'server' | 'nat'>): Translated {
  const translations = flow.nat.map(({ kind, from, to, node }): EndTranslation => ({
    kind: kind === 'dnat' ? 'dnat' : 'snat',
    from: readSocketAddress(from),
    to: readSocketAddress(to),
    node: node ?? null,
  }));
  const chosen: Tuple = {
    source: flow.client.address,
    sourcePort: flow.client.port,
    destination: flow.server.address,
    destinationPort: flow.server.port,
  };
  // One node after the other may translate: back from the backend to what was asked, on from the client to what is sent.
  const dnats = translations.filter(({ kind }) => kind === 'dnat').map(({ from, to }) => [to, from] as const);
  const snats = translations.filter(({ kind }) => kind === 'snat').map(({ from, to }) => [from, to] as const);
  const asked = followed({ address: chosen.destination, port: chosen.destinationPort }, dnats);
  const sent = followed({ address: chosen.source, port: chosen.sourcePort }, snats);
  return {
    asked: withDestination(chosen, asked),
    chosen,
    sent: withSource(chosen, sent),
    translations,
  };
}

/** Where an end comes to, one change after the other. */
function followed(start: TupleEnd, changes: readonly (readonly [TupleEnd, TupleEnd])[]): TupleEnd {
  let end = start;
  const left = new Set(changes);
  for (;;) {
    const next = [...left].find(([from]) => isEnd(from, end));
    if (next === undefined) return end;
    left.delete(next);
    [, end] = next;
  }
}

/** Whether an end of a tuple is the one of a translation. */
export function isEnd(translation: TupleEnd, { address, port }: TupleEnd): boolean {
  const isSamePort = translation.port === null || port === null || translation.port === port;
  return translation.address === address && isSamePort;
}

export function withSource(tuple: Tuple, { address, port }: TupleEnd): Tuple {
  return { ...tuple, source: address, sourcePort: port ?? tuple.sourcePort };
}

export function withDestination(tuple: Tuple, { address, port }: TupleEnd): Tuple {
  return { ...tuple, destination: address, destinationPort: port ?? tuple.destinationPort };
}

export function turned({ source, sourcePort, destination, destinationPort }: Tuple): Tuple {
  return {
    source: destination,
    sourcePort: destinationPort,
    destination: source,
    destinationPort: sourcePort,
  };
}

export function isSameTuple(a: Tuple, b: Tuple): boolean {
  return (
    a.source === b.source &&
    a.destination === b.destination &&
    a.sourcePort === b.sourcePort &&
    a.destinationPort === b.destinationPort
  );
}

/** `address:port`, `[address]:port`, or an address alone, as a translation has it. */
function readSocketAddress(text: string): TupleEnd {
  const found = /^\[(?<v6>[^\]]+)\]:(?<p6>\d+)$|^(?<v4>[^:]+):(?<p4>\d+)$|^(?<bare>.+)$/.exec(text)?.groups;
  const address = found?.v6 ?? found?.v4 ?? found?.bare;
  if (address === undefined) throw new RangeError(`not an address: ${JSON.stringify(text)}`);
  const port = found?.p6 ?? found?.p4;
  return { address, port: port === undefined ? null : Number(port) };
}
