import type { TemplateResult } from 'lit';
import { html } from 'lit';
import type { InterfaceReference } from '../../src/model/interfaceView/trafficLine.ts';

/** Opens another interface, in an editor beside this one where asked. */
export type OpenInterface = (other: InterfaceReference, beside: boolean) => void;

/** The name of an interface that leads to its view; with Ctrl or Cmd beside this one, as VS Code opens other things. */
export function interfaceLink(
  { netns, ifindex, name }: InterfaceReference,
  open: OpenInterface,
): TemplateResult {
  const clicked = ({ ctrlKey, metaKey }: MouseEvent): void =>
    open({ netns, ifindex, name }, ctrlKey || metaKey);
  return html`<button class="link" title="Open ${name} (Ctrl or Cmd: beside)" @click=${clicked}>
    ${name}
  </button>`;
}
