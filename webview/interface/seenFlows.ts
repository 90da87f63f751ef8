import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { formatCount } from '../../src/model/format.ts';
import { labelOf } from '../../src/model/interfaceView/countedView.ts';
import type { InterfaceTraffic, SeenEnd, SeenFlow } from '../../src/model/interfaceView/interfaceTraffic.ts';
import type { FlowReference } from '../../src/model/panelMessages.ts';
import { icon } from '../shared/controls.ts';
import { countCell, countHeadings, rateCell } from './countCells.ts';

/** The busiest flows that were seen here; each leads to its path. */
export function seenFlows(
  { flows, flowCount }: InterfaceTraffic,
  showPath: (flow: FlowReference) => void,
): TemplateResult {
  const number =
    flows.length < flowCount
      ? `the busiest ${formatCount(flows.length)} of ${formatCount(flowCount)}`
      : formatCount(flowCount);
  return html`<section>
    <h2>Flows seen here <span class="weak">${number}</span></h2>
    ${
      flows.length === 0
        ? html`<p class="weak">None so far.</p>`
        : html`<div class="scrolled">
            <table class="plain seen-flows" aria-label="Flows seen here">
              <thead>
                <tr>
                  <th scope="col">Flow</th>
                  <th scope="col">Service</th>
                  <th scope="col">Protocol</th>
                  <th scope="col">Traffic</th>
                  ${countHeadings()}
                </tr>
              </thead>
              <tbody>
                ${repeat(
                  flows,
                  ({ flow }) => `${flow.agent} ${flow.flow}`,
                  (one) => row(one, showPath),
                )}
              </tbody>
            </table>
          </div>`
    }
  </section>`;
}

function row(seen: SeenFlow, showPath: (flow: FlowReference) => void): TemplateResult {
  const { flow, client, server, service, protocol, kinds, counted, rate, ended, verdict } = seen;
  const clicked = (): void => showPath(flow);
  return html`<tr class=${ended ? 'ended' : ''}>
    <td>
      <button class="link flow-link" title="Show its path" @click=${clicked}>
        <span>${endText(client)}</span>${icon('arrow-right')}<span class="visually-hidden">to</span
        ><span>${endText(server)}</span>
      </button>
    </td>
    <td>${service ?? nothing}</td>
    <td>
      ${protocol.toUpperCase()}${ended ? html` <span class="weak">ended</span>` : nothing}${troubleText(verdict)}
    </td>
    <td class="weak">${kinds.map((kind) => labelOf(kind)).join('; ')}</td>
    ${rateCell(ended ? { packets: 0, bytes: 0 } : rate)} ${countCell(counted)}
  </tr>`;
}

const TROUBLE: ReadonlySet<SeenFlow['verdict']> = new Set(['dropped', 'refused', 'reset', 'unanswered']);

function troubleText(verdict: SeenFlow['verdict']): TemplateResult | typeof nothing {
  return TROUBLE.has(verdict) ? html` <span class="trouble">${verdict}</span>` : nothing;
}

/** Its name with its port; what the evidence leaves open is said beside it. */
function endText({ namespace, text, open, port }: SeenEnd): string {
  const name = namespace === null ? text : `${namespace}/${text}`;
  const withPort =
    port === 0 ? name : name.includes(':') && namespace === null ? `${name} :${port}` : `${name}:${port}`;
  return open === null ? withPort : `${withPort} (${open})`;
}
