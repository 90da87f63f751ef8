import type { DnsCounts } from '../../../src/model/ledger.ts';
import { unknownEndpoint } from '../../../src/model/endpoint.ts';
import type { FlowEnd } from '../../../src/model/flow.ts';
import { forEachEvent } from '../collector/eventQueue.ts';
import { EVENT, EVENT_KIND, IP_PROTOCOL, KEY, KEY_BYTES, readUint64 } from '../collector/flowLayout.ts';
import { flowEnd } from '../flows/flowJson.ts';
import { NONE } from '../flows/flowRow.ts';
import type { FlowTable } from '../flows/flowTable.ts';
import { addressText } from '../identity/address.ts';
import { DnsHistory } from './dnsHistory.ts';
import { Duplicates } from './duplicates.ts';
import type { DnsMessage } from './message.ts';
import { readMessage } from './message.ts';
import type { OpenQuestion } from './openQuestions.ts';
import { OpenQuestions, PATIENCE } from './openQuestions.ts';
import { TcpStreams } from './tcpStreams.ts';

/** Where a message was seen. */
interface Seen {
  readonly view: DataView;
  readonly offset: number;
  readonly flowKey: string;
  readonly fromHigh: boolean;
  /** CLOCK_MONOTONIC nanoseconds. */
  readonly time: number;
}

/** Reads DNS messages out of events and puts questions and answers together. */
export class DnsIntake {
  readonly history = new DnsHistory();
  readonly #table: FlowTable;
  /** CLOCK_MONOTONIC nanoseconds to milliseconds since the epoch. */
  readonly #wallTime: (nanoseconds: number) => number;
  readonly #streams = new TcpStreams();
  readonly #open = new OpenQuestions();
  readonly #duplicates = new Duplicates();
  readonly #counts = { messages: 0, malformed: 0, unmatched: 0, duplicates: 0 };

  constructor(table: FlowTable, wallTime: (nanoseconds: number) => number) {
    this.#table = table;
    this.#wallTime = wallTime;
  }

  get counts(): DnsCounts {
    return { ...this.#counts, unassembled: this.#streams.unassembled };
  }

  /** Takes an interval's events, when its flows are in the table. @param now CLOCK_MONOTONIC nanoseconds */
  add(events: readonly Uint8Array[], now: number): void {
    forEachEvent(events, (view, offset, kind) => {
      if (kind === EVENT_KIND.dns) this.#addEvent(view, offset);
    });
    this.#giveUp(now - PATIENCE);
  }

  /** Nothing comes any more: what is open stays without an answer. */
  end(): void {
    this.#giveUp(Infinity);
  }

  #addEvent(view: DataView, offset: number): void {
    const start = offset + EVENT.data + view.getUint32(offset + EVENT.offset, true);
    const end = offset + EVENT.data + view.getUint32(offset + EVENT.captured, true);
    const data = new Uint8Array(view.buffer, view.byteOffset + start, Math.max(0, end - start));
    const seen: Seen = {
      view,
      offset,
      flowKey: bytesText(view, offset + EVENT.key, KEY_BYTES),
      fromHigh: (view.getUint16(offset + EVENT.point, true) & 1) === 1,
      time: readUint64(view, offset + EVENT.time),
    };
    if (view.getUint8(offset + EVENT.key + KEY.protocol) !== IP_PROTOCOL.tcp) {
      this.#addMessage(data, seen);
      return;
    }
    const stream = `${seen.flowKey}${seen.fromHigh}`;
    const sequence = view.getUint32(offset + EVENT.value, true);
    for (const message of this.#streams.add(stream, sequence, data, seen.time)) {
      if (!this.#addMessage(message, seen)) this.#streams.forget(stream);
    }
  }

  /** Whether the message could be read. */
  #addMessage(data: Uint8Array, seen: Seen): boolean {
    this.#counts.messages += 1;
    const message = readMessage(data);
    if (message === null) this.#counts.malformed += 1;
    else if (message.isAnswer) this.#answer(message, seen);
    else this.#ask(message, seen);
    return message !== null;
  }

  #ask({ id, question }: DnsMessage, { view, offset, flowKey, fromHigh, time }: Seen): void {
    if (question === null) return;
    const key = this.#table.findKey(view, offset + EVENT.key);
    const row = key === NONE ? NONE : this.#table.flowOf(key);
    const end = (high: boolean): FlowEnd =>
      row === NONE
        ? strangerEnd(view, offset + EVENT.key, high)
        : flowEnd(this.#table, row, high !== this.#table.isTurned(key));
    const kept = this.#open.add({
      flowKey,
      fromHigh,
      id,
      ...question,
      time,
      wallTime: this.#wallTime(time),
      protocol: view.getUint8(offset + EVENT.key + KEY.protocol) === IP_PROTOCOL.tcp ? 'tcp' : 'udp',
      client: end(fromHigh),
      server: end(!fromHigh),
      flow: row === NONE ? 0 : this.#table.idOf(row),
    });
    if (!kept) this.#counts.unmatched += 1;
  }

  #answer(message: DnsMessage, { flowKey, fromHigh, time }: Seen): void {
    const question = this.#open.take(flowKey, fromHigh, message);
    if (question === undefined) this.#counts.unmatched += 1;
    else this.#tell(question, { rcode: message.rcode, answers: message.answers, time });
  }

  #giveUp(before: number): void {
    for (const question of this.#open.takeBefore(before)) this.#tell(question, null);
  }

  #tell(
    question: OpenQuestion,
    answer: (Pick<DnsMessage, 'rcode' | 'answers'> & { time: number }) | null,
  ): void {
    const { client, server, protocol, name, type, flow } = question;
    const tuple = `${protocol}/${client.address}:${client.port}/${server.address}:${server.port}`;
    if (this.#duplicates.has(tuple, question)) {
      this.#counts.duplicates += 1;
      return;
    }
    this.history.add({
      time: question.wallTime,
      client,
      server,
      protocol,
      name,
      type,
      rcode: answer?.rcode ?? null,
      latencyUs: answer === null ? null : Math.max(0, Math.round((answer.time - question.time) / 1000)),
      answers: answer?.answers ?? [],
      flow,
    });
  }
}

function bytesText(view: DataView, offset: number, length: number): string {
  return Buffer.from(view.buffer, view.byteOffset + offset, length).toString('latin1');
}

/** An end of a flow that has no row, because the table is full. */
function strangerEnd(view: DataView, key: number, high: boolean): FlowEnd {
  return {
    ...unknownEndpoint(addressText(view, key + (high ? KEY.highAddress : KEY.lowAddress))),
    port: view.getUint16(key + (high ? KEY.highPort : KEY.lowPort), true),
  };
}
