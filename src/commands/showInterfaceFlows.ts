import { window } from 'vscode';
import { InterfaceNode } from '../explorer/interfaceNode.ts';
import type { TreeNode } from '../explorer/treeNode.ts';
import { DEFAULT_FILTER } from '../flows/flowView.ts';
import type { FlowsPanels } from '../panels/flowsPanels.ts';
import type { ObservedNode } from '../panels/interfacePanels.ts';
import type { Observer } from './observe.ts';
import { flowsOfRow } from './rows.ts';

/** *Show Flows* on a row of Node Interfaces: the flows of its node, filtered by what the row is. */
export async function showInterfaceFlows(
  row: TreeNode | null,
  observer: Observer,
  panels: FlowsPanels,
): Promise<void> {
  const flows = flowsOfRow(row);
  if (flows === null) {
    void window.showInformationMessage('Nothing that passes here passes an interface of the node.');
    return;
  }
  await showFiltered(flows.at, flows.filter, observer, panels);
}

/** *Show Flows of Pod*: what is filtered by is who an end is, not where it was seen. */
export async function showFlowsOfPod(
  row: TreeNode | null,
  observer: Observer,
  panels: FlowsPanels,
): Promise<void> {
  if (!(row instanceof InterfaceNode) || row.pod === null) return;
  const { namespace, name } = row.pod;
  const { source } = row.context;
  // A local target is observed as a whole.
  if (source.kind === 'local') await showFiltered(row.context, `${namespace}/${name}`, observer, panels);
  else await observer.showFlows(panels, source, { kind: 'pod', namespace, name });
}

/** The flows of a node, filtered by a text where there is one. */
export function showFiltered(
  { source, node }: ObservedNode,
  text: string,
  observer: Observer,
  panels: FlowsPanels,
): Promise<void> {
  const filter = { ...DEFAULT_FILTER, text };
  return observer.showFlows(panels, source, { kind: 'node', node }, text === '' ? undefined : filter);
}
