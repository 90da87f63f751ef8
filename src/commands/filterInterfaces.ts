import { window } from 'vscode';
import type { InterfacesTree } from '../explorer/interfacesTree.ts';

const QUIET_MILLISECONDS = 150;

/** *Filter Interfaces…*: filters while the user types; Escape brings back what was before. */
export async function filterInterfaces(tree: InterfacesTree): Promise<void> {
  const before = tree.filter;
  const input = window.createInputBox();
  input.title = 'Filter Interfaces';
  input.prompt = 'Words of names, pods, addresses, MACs, kinds and roles; empty shows all';
  input.placeholder = 'For example: shop/web 10.244 bridge';
  input.value = before;
  let timer: NodeJS.Timeout | undefined;
  input.onDidChangeValue((text) => {
    clearTimeout(timer);
    timer = setTimeout(() => tree.setFilter(text), QUIET_MILLISECONDS);
  });
  const text = await new Promise<string | null>((resolve) => {
    input.onDidAccept(() => resolve(input.value));
    input.onDidHide(() => resolve(null));
    input.show();
  });
  clearTimeout(timer);
  input.dispose();
  tree.setFilter(text ?? before);
  if (text !== null) await tree.openMatches();
}
