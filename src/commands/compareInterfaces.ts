import { window } from 'vscode';
import type { QuickPickItem } from 'vscode';
import { InterfaceNode } from '../explorer/interfaceNode.ts';
import type { InterfacesTree } from '../explorer/interfacesTree.ts';
import { ROLE_WORDS } from '../model/roleWords.ts';
import type { InterfacePanels, NodeInterface } from '../panels/interfacePanels.ts';
import type { Observations } from '../panels/observations.ts';
import { sameSource } from './observe.ts';
import { plainLabel } from './plainLabel.ts';

const MOST_COMPARED = 4;

/** The interfaces of the rows that a command was called on: all that are selected, where the row is one of them. */
export function interfacesOfRows(target: unknown, selected: unknown, tree: InterfacesTree): NodeInterface[] {
  const rows: readonly unknown[] = Array.isArray(selected) ? selected : [target ?? tree.selected];
  return rows
    .filter((row) => row instanceof InterfaceNode)
    .map(({ netns, context, link }) => ({
      at: context,
      interface: { netns, ifindex: link.ifindex, name: link.name },
    }));
}

interface Choice extends QuickPickItem {
  readonly of: NodeInterface;
}

/** *Compare Interfaces…*: those of the selected rows, where there are two or more; else it asks. */
export async function compareInterfaces(
  chosen: readonly NodeInterface[],
  interfaces: InterfacePanels,
  observations: Observations,
): Promise<void> {
  if (chosen.length >= 2 && chosen.length <= MOST_COMPARED) interfaces.compare(chosen);
  else await chooseInterfaces(chosen, interfaces, observations);
}

/** Asks which to compare; those given are chosen already. */
export async function chooseInterfaces(
  chosen: readonly NodeInterface[],
  interfaces: InterfacePanels,
  observations: Observations,
): Promise<void> {
  const choices = choicesOf(chosen, observations);
  if (choices.length < 2) {
    void window.showInformationMessage('Observe a node first: interfaces of observed nodes can be compared.');
    return;
  }
  const picked = await pick(choices);
  if (picked !== null) interfaces.compare(picked.map(({ of }) => of));
}

async function pick(choices: readonly Choice[]): Promise<readonly Choice[] | null> {
  const picked = await window.showQuickPick([...choices], {
    title: 'Compare Interfaces',
    placeHolder: `Two to ${MOST_COMPARED} interfaces`,
    canPickMany: true,
    matchOnDescription: true,
  });
  if (picked === undefined) return null;
  if (picked.length >= 2 && picked.length <= MOST_COMPARED) return picked;
  void window.showInformationMessage(
    `Choose two to ${MOST_COMPARED} interfaces to compare: ${picked.length} ${picked.length === 1 ? 'was' : 'were'} chosen.`,
  );
  return pick(choices.map((choice) => ({ ...choice, picked: picked.includes(choice) })));
}

/** Interfaces of the nodes' own namespaces, and those chosen before, which come first. */
function choicesOf(chosen: readonly NodeInterface[], { agents }: Observations): Choice[] {
  const all = agents.flatMap(({ source, node, phase, topology }) => {
    const own = phase === 'stopped' || phase === 'failed' ? undefined : topology?.namespaces[0];
    return (own?.interfaces ?? []).map((link): Choice => {
      const pod = link.pod === null ? null : `${link.pod.namespace}/${link.pod.name}`;
      const of = {
        at: { source, node },
        interface: { netns: own?.inode ?? 0, ifindex: link.ifindex, name: link.name },
      };
      return {
        label: plainLabel(link.name),
        description: plainLabel([ROLE_WORDS[link.role], pod, node].filter(Boolean).join(' · ')),
        picked: chosen.some((one) => isSame(one, of)),
        of,
      };
    });
  });
  const others = all.filter(({ picked }) => picked !== true);
  const first = chosen.map((of) => {
    const known = all.find((choice) => isSame(choice.of, of));
    return known ?? { label: plainLabel(of.interface.name), description: of.at.node, picked: true, of };
  });
  return [...first, ...others];
}

function isSame(one: NodeInterface, other: NodeInterface): boolean {
  return (
    sameSource(one.at.source, other.at.source) &&
    // A local source has one node.
    (one.at.source.kind === 'local' || one.at.node === other.at.node) &&
    one.interface.netns === other.interface.netns &&
    one.interface.ifindex === other.interface.ifindex
  );
}
