import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { InterfacePicture, PortLine } from '../../src/model/interfaceMessages.ts';
import type { OpenInterface } from '../shared/interfaceLink.ts';
import { interfaceLink } from '../shared/interfaceLink.ts';

type Cell = TemplateResult | string;

/** A bridge's ports, each with the MACs that the bridge has learned or was told behind it. */
export function portTable(
  { ports, link }: InterfacePicture,
  open: OpenInterface,
): TemplateResult | typeof nothing {
  return table(
    `Ports of ${link.name}`,
    ['Port', 'Pod', 'State', 'MACs behind it'],
    ports.map((port) => [
      interfaceLink(port.port, open),
      port.pod === null ? '' : `${port.pod.namespace}/${port.pod.name}`,
      port.state,
      learned(port),
    ]),
  );
}

function learned({ forwarding }: PortLine): Cell {
  const entries = forwarding.map(({ mac, permanent }) =>
    permanent ? html`<span class="weak">${mac} (its own)</span>` : html`${mac}`,
  );
  return entries.length === 0
    ? html`<span class="weak">none learned</span>`
    : html`${entries.map((entry) => html`<div class="address">${entry}</div>`)}`;
}

/** Where a tunnel sends what is for a MAC; of a bridge's port, which MACs are behind it. */
export function forwardingTable({ forwarding, master }: InterfacePicture): TemplateResult | typeof nothing {
  const sent = forwarding.some(({ destination }) => destination !== null);
  return table(
    master === null ? 'Forwarding table' : `What ${master.name} knows behind it`,
    sent ? ['MAC', 'Sent to', 'Entry'] : ['MAC', 'Entry'],
    forwarding.map(({ mac, destination, permanent }) => [
      address(mac),
      ...(sent ? [destination === null ? '' : address(destination)] : []),
      permanent ? 'permanent' : 'learned',
    ]),
  );
}

export function routeTable({ routes }: InterfacePicture): TemplateResult | typeof nothing {
  return table(
    'Routes that use it',
    ['Destination', 'Gateway', 'Source', 'Table', 'Protocol'],
    routes.map(({ destination, gateway, source, table: number, protocol }) => [
      address(/^(?:0\.0\.0\.0|::)\/0$/.test(destination) ? 'default' : destination),
      gateway === null ? html`<span class="weak">direct</span>` : address(gateway),
      source === null ? '' : address(source),
      TABLES[number] ?? String(number),
      protocol,
    ]),
  );
}

/** Names of the kernel's own (RT_TABLE_*). */
const TABLES: Readonly<Record<number, string>> = { 253: 'default', 254: 'main', 255: 'local' };

export function neighbourTable({ neighbours }: InterfacePicture): TemplateResult | typeof nothing {
  return table(
    'Neighbours',
    ['Address', 'MAC', 'State'],
    neighbours.map(({ address: own, mac, state }) => [
      address(own),
      mac === null ? html`<span class="weak">not known</span>` : address(mac),
      state,
    ]),
  );
}

const address = (text: string): TemplateResult => html`<span class="address">${text}</span>`;

function table(
  title: string,
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
): TemplateResult | typeof nothing {
  if (rows.length === 0) return nothing;
  return html`<section>
    <h2>${title} <span class="weak">${rows.length}</span></h2>
    <div class="scrolled">
      <table class="plain" aria-label=${title}>
        <thead>
          <tr>
            ${headings.map((heading) => html`<th scope="col">${heading}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (cells) =>
              html`<tr>
                ${cells.map((cell) => html`<td>${cell}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
