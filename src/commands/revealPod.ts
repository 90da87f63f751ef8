import { window } from 'vscode';
import { InterfaceNode } from '../explorer/interfaceNode.ts';
import type { InterfacesTree } from '../explorer/interfacesTree.ts';
import type { TreeNode } from '../explorer/treeNode.ts';
import type { PodReference } from '../model/topology.ts';
import type { Source } from '../session/types.ts';

/** *Reveal Pod* on a port of a bridge or on an interface of a pod. */
export async function revealPodOfRow(row: TreeNode | null, tree: InterfacesTree): Promise<void> {
  if (row instanceof InterfaceNode && row.pod !== null) await revealPod(tree, row.context.source, row.pod);
}

/** Selects the wire of a pod in Node Interfaces. */
export async function revealPod(
  tree: InterfacesTree,
  source: Source,
  pod: Pick<PodReference, 'namespace' | 'name'>,
): Promise<void> {
  if (await tree.revealPod(source, pod)) return;
  void window.showInformationMessage(
    `${pod.namespace}/${pod.name} has no interface on a node that is observed: it may be in the network of its node, or on another one.`,
  );
}
