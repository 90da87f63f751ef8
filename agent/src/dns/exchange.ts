import type { FlowEnd } from '../../../src/model/flow.ts';
import type { DnsAnswer } from './message.ts';

/** A question to a name server with its answer. */
export interface DnsExchange {
  /** Of the question, milliseconds since the epoch. */
  readonly time: number;
  readonly client: FlowEnd;
  readonly server: FlowEnd;
  readonly protocol: 'tcp' | 'udp';
  readonly name: string;
  readonly type: string;
  /** Null when no answer came. */
  readonly rcode: string | null;
  /** Microseconds between the two packets where both were seen. */
  readonly latencyUs: number | null;
  readonly answers: readonly DnsAnswer[];
  /** Id of its flow, 0 for none. */
  readonly flow: number;
}

/** The public JSON of an exchange. @param session as in flowJson */
export function dnsJson(exchange: DnsExchange, session: string): object {
  return {
    dns: {
      ...exchange,
      time: new Date(exchange.time).toISOString(),
      flow: exchange.flow === 0 ? null : `${session}-${exchange.flow}`,
    },
  };
}
