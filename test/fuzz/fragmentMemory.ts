/** Which flows the first fragments of this run belonged to, once both readings of them agreed. */
import { fragmentId, isLaterFragment } from './expectedKey.ts';
import type { FlowKey } from './flowKey.ts';
import type { Network } from './layers.ts';

/** Fragments that the collector certainly still knows: a small part of its table (`fragments` in bpf/maps.h). */
const CERTAIN = 500;

/** With the key's ends, as tshark shows other ones where there is a source route. */
function idOf(network: Network, { source, destination }: FlowKey): string | undefined {
  const id = fragmentId(network);
  return id && `${id} ${source} ${destination}`;
}

export class FragmentMemory {
  readonly #firsts = new Map<string, { readonly key: FlowKey; readonly at: number }>();
  #seen = 0;

  /** To be told of every fragment that the kernel parsed, in order, with its key. */
  remember(network: Network, key: FlowKey): void {
    const id = idOf(network, key);
    if (id === undefined) return;
    this.#seen++;
    if (!isLaterFragment(network)) this.#firsts.set(id, { key, at: this.#seen });
  }

  /** The flow of the packet that this later fragment is of, and whether the collector must know it. */
  flowOf(network: Network, key: FlowKey): { readonly key: FlowKey; readonly certain: boolean } | undefined {
    const id = idOf(network, key);
    if (id === undefined || !isLaterFragment(network)) return undefined;
    const first = this.#firsts.get(id);
    return first && { key: first.key, certain: this.#seen - first.at < CERTAIN };
  }
}
