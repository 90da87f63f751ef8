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
  /** Several where one client asks several names under one id. */
  readonly #open = new Map<string, OpenQuestion[]>();
  readonly #capacity: number;
  #size = 0;

  constructor(capacity = 8192) {
    this.#capacity = capacity;
  }

  /** Keeps a question; one asked again keeps its first time. False when there is no room. */
  add(question: OpenQuestion): boolean {
    if (this.#size >= this.#capacity) return false;
    const key = keyOf(question.flowKey, question.id);
    const same = this.#open.get(key) ?? [];
    if (same.some((other) => isSame(other, question) && other.fromHigh === question.fromHigh)) return true;
    same.push(question);
    this.#open.set(key, same);
    this.#size += 1;
    return true;
  }

  /** Takes out what an answer answers. @param fromHigh who answers */
  take(flowKey: string, fromHigh: boolean, answer: DnsMessage): OpenQuestion | undefined {
    const key = keyOf(flowKey, answer.id);
    const same = this.#open.get(key) ?? [];
    const index = same.findIndex(
      (question) =>
        question.fromHigh !== fromHigh && (answer.question === null || isSame(question, answer.question)),
    );
    if (index < 0) return undefined;
    const [question] = same.splice(index, 1);
    if (same.length === 0) this.#open.delete(key);
    this.#size -= 1;
    return question;
  }

  /** Takes out what was asked before a time. */
  takeBefore(time: number): OpenQuestion[] {
    const taken: OpenQuestion[] = [];
    for (const [key, questions] of this.#open) {
      const left = questions.filter((question) => question.time > time);
      if (left.length === questions.length) continue;
      taken.push(...questions.filter((question) => question.time <= time));
      if (left.length === 0) this.#open.delete(key);
      else this.#open.set(key, left);
    }
    this.#size -= taken.length;
    return taken;
  }
}

function keyOf(flowKey: string, id: number): string {
  return `${flowKey}/${id}`;
}

/** Names are compared without case: clients mix it against forged answers. */
function isSame(a: { name: string; type: string }, b: { name: string; type: string }): boolean {
  return a.type === b.type && a.name.toLowerCase() === b.name.toLowerCase();
}
