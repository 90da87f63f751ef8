import type { Answer } from 'dns-packet';
import { decode } from 'dns-packet';
import type { AnsweredAddress } from './answeredAddresses.ts';
import { answeredAddresses } from './answeredAddresses.ts';
import { codeOfType } from './recordType.ts';

export interface DnsAnswer {
  /** Mnemonic, or TYPE65 (RFC 3597) where the decoder knows none. */
  readonly type: string;
  readonly data: string;
  /** Seconds. */
  readonly ttl: number;
}

/** What we tell of a DNS message. */
export interface DnsMessage {
  readonly id: number;
  readonly isAnswer: boolean;
  /** Of its first question; null in an answer that does not repeat it. */
  readonly question: { readonly name: string; readonly type: string } | null;
  /** Mnemonic, for example NXDOMAIN. */
  readonly rcode: string;
  readonly answers: readonly DnsAnswer[];
  /** What it tells of the name that was asked for. */
  readonly addresses: readonly AnsweredAddress[];
}

/** Reads a message; null when it is malformed. */
export function readMessage(data: Uint8Array): DnsMessage | null {
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  let packet: ReturnType<typeof decode>;
  try {
    packet = decode(buffer);
  } catch {
    return null; // The decoder throws on whatever it cannot read; the caller counts it.
  }
  const [question] = packet.questions ?? [];
  const isAnswer = packet.type === 'response';
  if (question === undefined && !isAnswer) return null;
  return {
    id: packet.id ?? 0,
    isAnswer,
    question: question === undefined ? null : { name: question.name, type: codeOfType(question.type) },
    rcode: responseCode(buffer, packet.additionals ?? []),
    answers: (packet.answers ?? []).flatMap(answerOf),
    addresses: question === undefined ? [] : answeredAddresses(question.name, packet.answers ?? []),
  };
}

/** RFC 6895, section 2.3. */
const RESPONSE_CODES: readonly string[] = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
  'DSOTYPENI',
  '12',
  '13',
  '14',
  '15',
  'BADVERS',
  'BADKEY',
  'BADTIME',
  'BADMODE',
  'BADNAME',
  'BADALG',
  'BADTRUNC',
  'BADCOOKIE',
];

/** Four bits of the header, and eight more of EDNS where that is there (RFC 6891). */
function responseCode(buffer: Buffer, additionals: readonly Answer[]): string {
  const options = additionals.find((record) => record.type === 'OPT');
  const code = (buffer.readUInt8(3) & 15) | ((options?.extendedRcode ?? 0) << 4);
  return RESPONSE_CODES[code] ?? String(code);
}

function answerOf(answer: Answer): DnsAnswer[] {
  if (answer.type === 'OPT') return [];
  return [{ type: codeOfType(answer.type), data: dataText(answer), ttl: answer.ttl ?? 0 }];
}

/** As zone files write it where that is short; else as JSON. */
function dataText(answer: Exclude<Answer, { type: 'OPT' }>): string {
  switch (answer.type) {
    case 'MX':
      return `${answer.data.preference ?? 0} ${answer.data.exchange}`;
    case 'SRV':
      return [answer.data.priority, answer.data.weight, answer.data.port, answer.data.target].join(' ');
    case 'TXT':
      return [answer.data]
        .flat()
        .map((text) => JSON.stringify(text.toString()))
        .join(' ');
    default:
      if (typeof answer.data === 'string') return answer.data;
      if (Buffer.isBuffer(answer.data)) return `\\# ${answer.data.length} ${answer.data.toString('hex')}`;
      return JSON.stringify(answer.data);
  }
}
