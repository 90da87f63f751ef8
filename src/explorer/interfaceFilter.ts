import { ROLE_WORDS } from '../model/roleWords.ts';
import type { InterfaceTopology, NamespaceTopology } from '../model/topology.ts';

/** Which interfaces the tree shows: those in which all words are found. */
export class InterfaceFilter {
  readonly text: string;
  readonly #words: readonly string[];

  constructor(text: string) {
    this.text = text.trim();
    this.#words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
  }

  get isEmpty(): boolean {
    return this.#words.length === 0;
  }

  /** @param inside the namespace of the pod whose wire it is: its addresses are the wire's, too */
  passes(link: InterfaceTopology, inside: NamespaceTopology | null): boolean {
    if (this.isEmpty) return true;
    const text = searchText(link, inside);
    return this.#words.every((word) => text.includes(word));
  }
}

export const NO_FILTER = new InterfaceFilter('');

/** Name, role, kind, state, MAC, pod and addresses, with a separator that no word contains. */
function searchText(link: InterfaceTopology, inside: NamespaceTopology | null): string {
  const { name, role, kind, state, mac, pod, addresses, attached } = link;
  const peer = inside?.interfaces.find(({ ifindex }) => ifindex === link.peer?.ifindex);
  return [
    ...[name, ROLE_WORDS[role], kind, state, mac],
    pod === null ? '' : `${pod.namespace}/${pod.name}`,
    attached ? 'observed' : '',
    ...addresses,
    ...(peer?.addresses ?? []),
  ]
    .join('\n')
    .toLowerCase();
}
