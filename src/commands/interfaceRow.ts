import { env, window } from 'vscode';
import { InterfaceNode } from '../explorer/interfaceNode.ts';
import { addressOf } from '../model/path/addresses.ts';
import { addressesOf } from '../model/interfaceView/interfacePicture.ts';
import type { InterfacePanels } from '../panels/interfacePanels.ts';

/** *Open Interface View* on a row of Node Interfaces. */
export function openInterface(target: unknown, interfaces: InterfacePanels): void {
  if (!(target instanceof InterfaceNode)) return;
  const own = interfaces.topology(target)?.namespaces[0];
  if (own === undefined) return;
  const { ifindex, name } = target.link;
  interfaces.show(target, { netns: own.inode, ifindex, name }, false);
}

export type CopiedOfInterface = 'name' | 'MAC address' | 'IP address' | 'index';

/** *Copy …* on a row of Node Interfaces. */
export async function copyOfInterface(
  target: unknown,
  what: CopiedOfInterface,
  interfaces: InterfacePanels,
): Promise<void> {
  if (!(target instanceof InterfaceNode)) return;
  const text = textOf(target, what, interfaces);
  if (text === '') void window.showInformationMessage(`${target.link.name} has no ${what}.`);
  else await env.clipboard.writeText(text);
}

/** The first address, of a pod's wire that of the pod; without its length. */
function textOf(row: InterfaceNode, what: CopiedOfInterface, interfaces: InterfacePanels): string {
  const { name, mac, ifindex } = row.link;
  switch (what) {
    case 'name':
      return name;
    case 'MAC address':
      return mac;
    case 'index':
      return String(ifindex);
    case 'IP address': {
      const topology = interfaces.topology(row);
      const own = topology?.namespaces[0];
      if (topology === null || own === undefined) return '';
      return addressOf(addressesOf(topology, own.inode, ifindex)[0] ?? '');
    }
  }
}
