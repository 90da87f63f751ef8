import { window } from 'vscode';
import { InterfaceNode } from '../explorer/interfaceNode.ts';
import { ROLE_WORDS } from '../model/roleWords.ts';
import type { PodReference, Topology } from '../model/topology.ts';
import type { ObservedNode } from '../panels/interfacePanels.ts';
import { isObserving } from '../panels/interfacePanels.ts';
import type { Observations } from '../panels/observations.ts';

/** An interface at which packets are captured. */
export interface CapturePlace {
  readonly at: ObservedNode;
  /** Inode of its namespace. */
  readonly netns: number;
  /** Of the interface. */
  readonly name: string;
  /** Whose it is. At the node's end of a pod's wire all of the pod's are meant. */
  readonly pod: PodReference | null;
}

export function placeOfRow(row: unknown): CapturePlace | null {
  if (!(row instanceof InterfaceNode)) return null;
  const { context, netns, link } = row;
  return { at: context, netns, name: link.name, pod: row.pod };
}

/** For the user. */
export function placeText({ at, name, pod }: CapturePlace): string {
  return `${pod === null ? name : `${pod.namespace}/${pod.name} (${name})`} on ${at.node}`;
}

/** Names of the interfaces there: a pod may have several wires. */
export function interfacesAt(
  { netns, name, pod }: CapturePlace,
  topology: Topology | null,
): readonly string[] {
  const own = topology?.namespaces[0];
  if (pod === null || own?.inode !== netns) return [name];
  const wires = own.interfaces.filter((link) => link.pod !== null && isSame(link.pod, pod));
  return [...new Set([name, ...wires.map((link) => link.name)])];
}

/** Asks for an interface of an observed node; null where there is none, or the user left. */
export async function pickCapturePlace(
  { agents }: Observations,
  ask: () => Promise<void>,
): Promise<CapturePlace | null> {
  const items = agents.filter(isObserving).flatMap(({ source, node, topology }) => {
    const own = topology?.namespaces[0];
    return (own?.interfaces ?? []).map(({ name, role, pod }) => ({
      label: pod === null ? name : `${pod.namespace}/${pod.name}`,
      description: [ROLE_WORDS[role], pod === null ? '' : name, `on ${node}`].filter(Boolean).join(' · '),
      place: { at: { source, node }, netns: own?.inode ?? 0, name, pod },
    }));
  });
  if (items.length === 0) {
    const observe = 'Show Flows…';
    const message = 'No interface is known yet: its node must be observed. Observe one, then capture again.';
    if ((await window.showInformationMessage(message, observe)) === observe) await ask();
    return null;
  }
  const picked = await window.showQuickPick(items, {
    title: 'Capture',
    placeHolder: 'Interface or pod of an observed node',
    matchOnDescription: true,
  });
  return picked?.place ?? null;
}

const isSame = (a: PodReference, b: PodReference): boolean =>
  a.namespace === b.namespace && a.name === b.name;
