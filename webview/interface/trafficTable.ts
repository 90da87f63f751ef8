import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { formatCount } from '../../src/model/format.ts';
import type { Passage, TrafficLine } from '../../src/model/interfaceView/trafficLine.ts';
import { icon } from '../shared/controls.ts';
import type { OpenInterface } from './interfaceLink.ts';
import { interfaceLink } from './interfaceLink.ts';

const LOOKS: Readonly<Record<Passage, { readonly icon: string; readonly words: string }>> = {
  all: { icon: 'pass-filled', words: 'all' },
  part: { icon: 'color-mode', words: 'part' },
  inside: { icon: 'package', words: 'in tunnel' },
  none: { icon: 'circle-slash', words: 'nothing' },
};

/**
 * *Sees / Cannot see*: a row a kind of traffic, with its reason and who sees it instead.
 * @param isPodWire whether the part that it sees is that of its pod
 */
export function trafficTable(
  lines: readonly TrafficLine[],
  isPodWire: boolean,
  open: OpenInterface,
): TemplateResult {
  const seen = lines.filter(({ passage }) => passage !== 'none');
  const missed = lines.filter(({ passage }) => passage === 'none');
  return html`<div class="scrolled">
    <table class="plain traffic">
      <thead>
        <tr>
          <th scope="col">Traffic</th>
          <th scope="col">Seen</th>
          <th scope="col">Why</th>
          <th scope="col">Seen at</th>
        </tr>
      </thead>
      ${group('Sees', seen, isPodWire, open)} ${group('Cannot see', missed, isPodWire, open)}
    </table>
  </div>`;
}

function group(
  name: string,
  lines: readonly TrafficLine[],
  isPodWire: boolean,
  open: OpenInterface,
): TemplateResult | typeof nothing {
  if (lines.length === 0) return nothing;
  return html`<tbody>
    <tr class="section">
      <th scope="rowgroup" colspan="4">${name}</th>
    </tr>
    ${lines.map((line) => row(line, isPodWire, open))}
  </tbody>`;
}

function row(line: TrafficLine, isPodWire: boolean, open: OpenInterface): TemplateResult {
  const { kind, label, passage, reason, evidence } = line;
  const look = LOOKS[passage];
  const words = passage === 'part' && isPodWire ? 'its pod’s' : look.words;
  return html`<tr data-kind=${kind} data-passage=${passage}>
    <th scope="row">${label}</th>
    <td class="passage passage-${passage}">${icon(look.icon)}${words}</td>
    <td class="reason">
      ${reason}${evidence.length === 0 ? nothing : html` <span class="weak">(${evidence.join('; ')})</span>`}
    </td>
    <td class="elsewhere">${elsewhere(line, open)}</td>
  </tr>`;
}

function elsewhere({ passage, seenBy, more }: TrafficLine, open: OpenInterface): TemplateResult {
  if (passage === 'all' || passage === 'part') return html`here`;
  if (seenBy.length === 0) return html`<span class="weak">nowhere</span>`;
  const plain = passage === 'inside' ? html`<span class="weak">plain at</span> ` : nothing;
  return html`${plain}${seenBy.map((other) => {
    const how = other.passage === 'part' ? ' (part)' : other.passage === 'inside' ? ' (in tunnel)' : '';
    return html`<span
      >${interfaceLink(other, open)}${how === '' ? nothing : html`<span class="weak">${how}</span>`}</span
    > `;
  })}${more === 0 ? nothing : html`<span class="weak">and ${formatCount(more)} more</span>`}`;
}
