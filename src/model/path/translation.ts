import type { Tuple } from '../flow.ts';
import type { PathQuestion } from './flowPath.ts';

/** What one conversation's packets look like before and after translation. */
export interface Translated {
  /** Client to what it asked for. */
  readonly asked: Tuple;
  /** Client to the backend. */
  readonly chosen: Tuple;
  /** What the backend gets: with the client's translated address. */
  readonly sent: Tuple;
  readonly hasDnat: boolean;
  readonly hasSnat: boolean;
}

/** @throws RangeError where an address of a translation cannot be read */
export function translated(flow: PathQuestion): Translated {
  const dnat = flow.nat.find(({ kind }) => kind === 'dnat');
  const snat = flow.nat.find(({ kind }) => kind !== 'dnat');
  const chosen: Tuple = {
    source: flow.client.address,
    sourcePort: flow.client.port,
    destination: flow.server.address,
    destinationPort: flow.server.port,
  };
  const before = dnat === undefined ? null : readSocketAddress(dnat.from);
  const after = snat === undefined ? null : readSocketAddress(snat.to);
  return {
    asked:
      before === null
        ? chosen
        : {
            ...chosen,
            destination: before.address,
            destinationPort: before.port ?? chosen.destinationPort,
          },
    chosen,
    sent:
      after === null
        ? chosen
        : { ...chosen, source: after.address, sourcePort: after.port ?? chosen.sourcePort },
    hasDnat: dnat !== undefined,
    hasSnat: snat !== undefined,
  };
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
function readSocketAddress(text: string): { address: string; port: number | null } {
  const found = /^\[(?<v6>[^\]]+)\]:(?<p6>\d+)$|^(?<v4>[^:]+):(?<p4>\d+)$|^(?<bare>.+)$/.exec(text)?.groups;
  const address = found?.v6 ?? found?.v4 ?? found?.bare;
  if (address === undefined) throw new RangeError(`not an address: ${JSON.stringify(text)}`);
  const port = found?.p6 ?? found?.p4;
  return { address, port: port === undefined ? null : Number(port) };
}
