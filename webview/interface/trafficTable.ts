import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { formatCount } from '../../src/model/format.ts';
import type { CountedLine } from '../../src/model/interfaceView/countedView.ts';
import { countedView, OTHER_LABEL } from '../../src/model/interfaceView/countedView.ts';
import type { InterfaceTraffic } from '../../src/model/interfaceView/interfaceTraffic.ts';
import { CONTRADICTION } from '../../src/model/interfaceView/interfaceViewText.ts';
import type { CountedKind } from '../../src/model/interfaceView/traffic.ts';
import type { InterfaceView, TrafficLine } from '../../src/model/interfaceView/trafficLine.ts';
import { icon } from '../shared/controls.ts';
import { countCells, countHeadings, departedRow, totalRow } from './countCells.ts';
import type { OpenInterface } from '../shared/interfaceLink.ts';
import { interfaceLink } from '../shared/interfaceLink.ts';
import { passageLook } from '../shared/passageWords.ts';

export interface TrafficTable {
  readonly view: InterfaceView;
  /** Null where nothing is counted. */
  readonly traffic: InterfaceTraffic | null;
  /** Whether the part that it sees is that of its pod. */
  readonly isPodWire: boolean;
  readonly open: OpenInterface;
}

/** *Sees / Cannot see*: a row a kind of traffic, with what was counted, the reason, and who sees it instead. */
export function trafficTable(table: TrafficTable): TemplateResult {
  const { view, traffic } = table;
  const lines = traffic === null ? view.lines : countedView(view, traffic.counts).lines;
  const seen = lines.filter(({ passage }) => passage !== 'none');
  const missed = lines.filter(({ passage }) => passage === 'none');
  return html`<div class="scrolled">
    <table class="plain traffic" aria-label="What passes here">
      <thead>
        <tr>
          <th scope="col">Traffic</th>
          <th scope="col">Seen</th>
          ${traffic === null ? nothing : countHeadings()}
          <th scope="col">Why</th>
          <th scope="col">Seen at</th>
        </tr>
      </thead>
      ${group('Sees', seen, table)} ${group('Cannot see', missed, table)}
      ${traffic === null ? nothing : rest(traffic)}
    </table>
  </div>`;
}

/** Packets that no line is about, those of flows that are no longer kept, and the sum of all. */
function rest(traffic: InterfaceTraffic): TemplateResult {
  return html`<tbody class="rest">
    <tr data-kind="other">
      <th scope="row">${OTHER_LABEL}</th>
      <td></td>
      ${countCells(traffic, 'other')}
      <td colspan="2"></td>
    </tr>
    ${departedRow(traffic)} ${totalRow(traffic)}
  </tbody>`;
}

type Line = TrafficLine | CountedLine;

function group(name: string, lines: readonly Line[], table: TrafficTable): TemplateResult | typeof nothing {
  if (lines.length === 0) return nothing;
  return html`<tbody>
    <tr class="section">
      <th scope="rowgroup" colspan=${table.traffic === null ? 4 : 6}>${name}</th>
    </tr>
    ${lines.map((line) => row(line, table))}
  </tbody>`;
}

function row(line: Line, { traffic, isPodWire, open }: TrafficTable): TemplateResult {
  const { kind, label, passage, reason, evidence } = line;
  const isWrong = isContradiction(line);
  return html`<tr data-kind=${kind} data-passage=${passage} ?data-contradiction=${isWrong}>
    <th scope="row">${label}</th>
    ${passageCell(line, isPodWire)} ${traffic === null ? nothing : countCells(traffic, kind)}
    <td class="reason">
      ${reason}${evidence.length === 0 ? nothing : html` <span class="weak">(${evidence.join('; ')})</span>`}
      ${line.strays !== null && isCounted(line) ? line.strays : nothing}
      ${isWrong ? html`<div class="contradiction">${icon('warning')}${CONTRADICTION}</div>` : nothing}
    </td>
    <td class="elsewhere">${elsewhere(line, open)}</td>
  </tr>`;
}

function passageCell({ passage }: TrafficLine, isPodWire: boolean): TemplateResult {
  const look = passageLook(passage, isPodWire);
  return html`<td class="passage passage-${passage}">${icon(look.icon)}${look.words}</td>`;
}

const isContradiction = (line: Line): boolean => 'contradiction' in line && line.contradiction;
const isCounted = (line: Line): boolean => 'counted' in line && line.counted.packets > 0;

/** Kinds that were counted although the table has none of them. */
export function contradictions(view: InterfaceView, { counts }: InterfaceTraffic): CountedKind[] {
  return countedView(view, counts)
    .lines.filter(({ contradiction }) => contradiction)
    .map(({ kind }) => kind);
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
