import { FileDecoration, Uri } from 'vscode';
import type { FileDecorationProvider } from 'vscode';

const SCHEME = 'vethscope-interface';
const OBSERVED = 'observed';

/**
 * What a row is decorated by. Whether it is observed is in the address itself, so that a row that changes has another, and
 * nobody needs to be told.
 */
export function decorationUri(rowId: string, observed: boolean): Uri {
  return Uri.from({ scheme: SCHEME, path: `/${rowId}`, query: observed ? OBSERVED : '' });
}

/** The badge of interfaces at which packets are counted. */
export class ObservedDecoration implements FileDecorationProvider {
  provideFileDecoration({ scheme, query }: Uri): FileDecoration | undefined {
    if (scheme !== SCHEME || query !== OBSERVED) return undefined;
    return new FileDecoration('●', 'Observed: packets are counted here');
  }
}
