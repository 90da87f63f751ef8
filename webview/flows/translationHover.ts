import type { TemplateResult } from 'lit';
import { html } from 'lit';
import type { Translation } from '../../src/model/flow.ts';

const MEANINGS: Readonly<Record<Translation['kind'], string>> = {
  dnat: 'The client asked the first address; its packets were sent on to the second (DNAT).',
  snat: 'The client’s packets went on with the second address as their source (SNAT).',
  masquerade: 'The client’s packets went on with an address of the node as their source (masquerade).',
};

/** What NAT did to a flow, each with both ends and what that means. */
export function translationHover(nat: readonly Translation[]): TemplateResult {
  return html`${nat.map(
    ({ kind, from, to }) =>
      html`<p class="address">${from} → ${to}</p>
        <p class="weak">${MEANINGS[kind]}</p>`,
  )}`;
}
