/** What came of comparing paths, as text: the golden one, and the one for people, with figures. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JudgedPath, PathFault } from './judge.ts';
import { neutral } from './placeholders.ts';
import type { Placeholders } from './placeholders.ts';

const FOLDER = join(import.meta.dirname, 'golden');

interface Entry extends JudgedPath {
  readonly name: string;
  /** Name of the golden file. */
  readonly golden: string;
}

export class PathTable {
  readonly #known: Placeholders;
  readonly #paths: Entry[] = [];
  readonly #others: PathFault[] = [];

  constructor(known: Placeholders) {
    this.#known = known;
  }

  /** @param golden name of the file with the texts that were found right @param when precedes the names of the kinds */
  add(golden: string, when: string, paths: readonly JudgedPath[]): void {
    for (const path of paths) {
      this.#paths.push({ ...path, golden, name: `${when}${path.conversation.kind.name}` });
    }
  }

  addFaults(faults: readonly PathFault[]): void {
    this.#others.push(...faults);
  }

  get faults(): readonly string[] {
    const ofPaths = this.#paths.flatMap(({ name, faults }) =>
      faults.map(({ kind, text }) => `${name}: ${kind}: ${text}`),
    );
    return [...ofPaths, ...this.#others.map(({ kind, text }) => `${kind}: ${text}`)];
  }

  get goldens(): readonly string[] {
    return [...new Set(this.#paths.map(({ golden }) => golden))];
  }

  /** The texts of one file, without what is another each time. */
  goldenText(golden: string): string {
    return this.#paths
      .filter((path) => path.golden === golden)
      .map(({ name, conversation, picture }) => {
        const text = picture?.text ?? 'no row\n';
        return `# ${name}\n${neutral(text, conversation, this.#known)}`;
      })
      .join('\n');
  }

  /** With the figures of this run. */
  text(title: string): string {
    const blocks = this.#paths.map(
      ({ name, conversation: { facts }, picture, equal, faults }) =>
        `${faults.length === 0 ? 'ok' : 'NO'}  ${name}: ${facts.client} → ${facts.server}, ${equal} points as tshark has them\n` +
        (picture?.text ?? 'no row\n').replace(/^/gm, '    ').trimEnd(),
    );
    const equal = this.#paths.reduce((sum, path) => sum + path.equal, 0);
    const [wrong, unexplained] = [this.#count('wrong reason'), this.#count('unexplained')];
    return [
      ...blocks,
      `${title}: ${this.#paths.length} paths, ${equal} points as tshark has them; wrong reasons: ${wrong}, unexplained: ${unexplained}`,
    ].join('\n');
  }

  #count(kind: PathFault['kind']): number {
    const all = [...this.#paths.flatMap(({ faults }) => faults), ...this.#others];
    return all.filter((fault) => fault.kind === kind).length;
  }
}

/** The texts that were found right. With UPDATE_GOLDEN=1 they are what is given. */
export function goldenPaths(golden: string, given: string): string {
  const file = join(FOLDER, `${golden}.txt`);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, given);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
