import type { OpenQuestion } from './openQuestions.ts';

/** The same packet is in the next namespace within this time, nanoseconds. */
const NEARBY = 1e9;
const CAPACITY = 8192;

/** Tells exchanges that were seen in two namespaces: the first to be known is told, the other is a duplicate. */
export class Duplicates {
  readonly #told = new Map<string, OpenQuestion>();

  /** @param tuple of the question, whatever the namespace */
  has(tuple: string, question: OpenQuestion): boolean {
    const key = `${tuple}/${question.fromHigh}/${question.id}/${question.type}/${question.name.toLowerCase()}`;
    const told = this.#told.get(key);
    if (told !== undefined && told.flowKey !== question.flowKey) {
      if (Math.abs(told.time - question.time) < NEARBY) return true;
    }
    this.#told.delete(key);
    this.#told.set(key, question);
    const [oldest] = this.#told.keys();
    if (this.#told.size > CAPACITY && oldest !== undefined) this.#told.delete(oldest);
    return false;
  }
}
