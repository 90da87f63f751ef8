import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { InterfacePicture } from '../../src/model/interfaceMessages.ts';
import type { OpenInterface } from '../shared/interfaceLink.ts';
import { interfaceLink } from '../shared/interfaceLink.ts';

type Value = TemplateResult | string | null;

/** What the interface is, as name and value. */
export function facts(picture: InterfacePicture, open: OpenInterface): TemplateResult {
  const { link, master, peer, owner } = picture;
  const state = link.promiscuous ? `${link.state}, promiscuous` : link.state;
  return html`<dl class="facts">
    ${fact('Index', String(link.ifindex))} ${fact('Kind', link.kind === '' ? null : link.kind)}
    ${fact('State', state)} ${fact('Observed', link.attached ? 'yes' : 'no')}
    ${fact('Pod', owner === null ? null : `${owner.namespace}/${owner.name}`)}
    ${fact('Addresses', addresses(link.addresses))}
    ${fact('MAC', link.mac === '' ? null : html`<span class="address">${link.mac}</span>`)}
    ${fact('MTU', String(link.mtu))} ${fact('Port of', master === null ? null : interfaceLink(master, open))}
    ${fact('Other end', peer === null ? unknownPeer(picture) : otherEnd(peer, open))}
  </dl>`;
}

function fact(name: string, value: Value): TemplateResult | typeof nothing {
  if (value === null) return nothing;
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

function addresses(all: readonly string[]): Value {
  if (all.length === 0) return html`<span class="weak">none</span>`;
  return html`${all.map((address) => html`<div class="address">${address}</div>`)}`;
}

function otherEnd(peer: NonNullable<InterfacePicture['peer']>, open: OpenInterface): TemplateResult {
  const where = peer.pod === null ? 'of the node' : 'in the pod';
  return html`${interfaceLink(peer, open)} <span class="weak">${where}</span>`;
}

/** The other end of a veth pair can be in a namespace that nobody could enter. */
function unknownPeer({ link }: InterfacePicture): Value {
  if (link.kind !== 'veth') return null;
  return link.peer === null
    ? html`<span class="weak">not known</span>`
    : html`${link.peer.name}
        <span class="weak">(${link.peer.ifindex}) in namespace ${link.peer.netns}</span>`;
}
