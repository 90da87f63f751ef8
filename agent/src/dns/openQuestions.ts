import type { FlowEnd } from '../../../src/model/flow.ts';
import type { DnsMessage } from './message.ts';

/** A question that waits for its answer. */
export interface OpenQuestion {
  /** Flow key, and who of the two asked. */
  readonly flowKey: string;
  readonly fromHigh: boolean;
  readonly id: number;
  readonly name: string;
  readonly type: string;
  /** CLOCK_MONOTONIC nanoseconds. */
  readonly time: number;
  readonly wallTime: number;
  readonly protocol: 'tcp' | 'udp';
  readonly client: FlowEnd;
  readonly server: FlowEnd;
  readonly flow: number;
}

/** An answer that comes later than this is nobody's any more, nanoseconds. */
export const PATIENCE = 5e9;

/** Questions without an answer so far, in the order they came. */
export class OpenQuestions {
  /** By the message's id. */
  readonly #open = new Map<number, OpenQuestion[]>();
  readonly #capacity: number;
  #size = 0;

  constructor(capacity = 8192) {
    this.#capacity = capacity;
  }

  /** Keeps a question; one asked again keeps its first time. False when there is no room. */
  add(question: OpenQuestion): boolean {
    if (this.#size >= this.#capacity) return false;
    const same = this.#open.get(question.id) ?? [];
    const isKept = ({ flowKey, fromHigh, ...other }: OpenQuestion): boolean =>
      flowKey === question.flowKey && fromHigh === question.fromHigh && isSame(other, question);
    if (same.some(isKept)) return true;
    same.push(question);
    this.#open.set(question.id, same);
    this.#size += 1;
    return true;
  }

  /** Takes out what an answer answers. @param comesBack whether the answer came to who asked, over the same connection */
  take(answer: DnsMessage, comesBack: (question: OpenQuestion) => boolean): OpenQuestion | undefined {
    const same = this.#open.get(answer.id) ?? [];
    const index = same.findIndex(
      (question) => (answer.question === null || isSame(question, answer.question)) && comesBack(question),
    );
    if (index < 0) return undefined;
    const [question] = same.splice(index, 1);
    if (same.length === 0) this.#open.delete(answer.id);
    this.#size -= 1;
    return question;
  }

  /** Takes out what was asked before a time. */
  takeBefore(time: number): OpenQuestion[] {
    const taken: OpenQuestion[] = [];
    for (const [id, questions] of this.#open) {
      const left = questions.filter((question) => question.time > time);
      if (left.length === questions.length) continue;
      taken.push(...questions.filter((question) => question.time <= time));
      if (left.length === 0) this.#open.delete(id);
      else this.#open.set(id, left);
    }
    this.#size -= taken.length;
    return taken;
  }
}

/** Names are compared without case: clients mix it against forged answers. */
function isSame(a: { name: string; type: string }, b: { name: string; type: string }): boolean {
  return a.type === b.type && a.name.toLowerCase() === b.name.toLowerCase();
}
