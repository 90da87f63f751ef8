import type { DnsExchange } from '../dns/exchange.ts';
import type { DnsHistory } from '../dns/dnsHistory.ts';
import { endpointMessage } from './flowEncoder.ts';
import { endpointFilter } from './flowTarget.ts';
import type { Gate } from './gate.ts';
import type { DnsRequest, DnsResponse } from './source.ts';

/** Exchanges that go into one message. */
const BATCH = 256;

/** What is kept and wanted, then what is new whenever the gate opens. */
export async function* readDns(
  history: DnsHistory,
  { afterSequence, target }: DnsRequest,
  changed: Gate,
  signal: AbortSignal,
): AsyncIterable<DnsResponse> {
  const wanted = endpointFilter(target);
  // A sequence that we never gave is one of another session.
  let cursor = afterSequence <= history.sequence ? afterSequence : 0;
  yield { sequence: BigInt(cursor) };
  while (!signal.aborted) {
    const { exchanges, missed } = history.since(cursor);
    cursor = history.sequence;
    const told = exchanges.filter(({ client, server }) => wanted(client) || wanted(server));
    const sequence = BigInt(cursor);
    if (missed > 0) yield { sequence, missed: BigInt(missed) };
    for (let first = 0; first < told.length; first += BATCH) {
      yield { sequence, exchanges: told.slice(first, first + BATCH).map(message) };
    }
    await changed.pass(signal);
  }
}

type ExchangeMessage = NonNullable<DnsResponse['exchanges']>[number];

function message(exchange: DnsExchange): ExchangeMessage {
  const { client, server, protocol, name, type, rcode, latencyUs, answers, flow } = exchange;
  return {
    timeMilliseconds: exchange.time,
    client: endpointMessage(0, client),
    clientPort: client.port,
    server: endpointMessage(0, server),
    serverPort: server.port,
    protocol,
    name,
    type,
    rcode: rcode ?? undefined,
    latencyMicroseconds: latencyUs ?? undefined,
    answers: answers.map((answer) => ({ type: answer.type, data: answer.data, ttlSeconds: answer.ttl })),
    flow,
  };
}
