import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { ComparedInterface } from '../../src/model/comparisonMessages.ts';
import { formatBytes, formatCount, formatRate } from '../../src/model/format.ts';
import type { ComparisonLine } from '../../src/model/interfaceView/comparison.ts';
import type { CountedLine } from '../../src/model/interfaceView/countedView.ts';
import type { InterfaceTraffic } from '../../src/model/interfaceView/interfaceTraffic.ts';
import { CONTRADICTION } from '../../src/model/interfaceView/interfaceViewText.ts';
import type { KindCount } from '../../src/model/interfaceView/trafficCounts.ts';
import type { InterfaceReference, TrafficLine } from '../../src/model/interfaceView/trafficLine.ts';
import { ROLE_WORDS } from '../../src/model/roleWords.ts';
import { icon } from '../shared/controls.ts';
import { interfaceLink } from '../shared/interfaceLink.ts';
import { ROLE_ICONS } from '../shared/interfaceWords.ts';
import { passageLook } from '../shared/passageWords.ts';
import { totalOf } from '../shared/trafficTotal.ts';

export interface ComparisonTable {
  readonly interfaces: readonly ComparedInterface[];
  readonly traffic: readonly (InterfaceTraffic | null)[];
  readonly lines: readonly ComparisonLine[];
  readonly open: (place: number, other: InterfaceReference, beside: boolean) => void;
}

/**
 * A row a kind of traffic, a column an interface. Where there is no room for columns they stand below each other; the roles are
 * said because a table that is laid out as blocks is none to a screen reader.
 */
export function comparisonTable(table: ComparisonTable): TemplateResult {
  const { interfaces, lines } = table;
  return html`<table class="comparison columns-${interfaces.length}" role="table" aria-label="What each sees">
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col">Traffic</th>
        ${interfaces.map((one, place) => heading(one, place, table))}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${lines.map((line) => row(line, table))}
    </tbody>
  </table>`;
}

function heading(
  { interface: reference, node, picture }: ComparedInterface,
  place: number,
  { traffic, open }: ComparisonTable,
): TemplateResult {
  const owner = picture?.owner ?? null;
  const words = [
    picture === null ? null : ROLE_WORDS[picture.link.role],
    owner === null ? null : `${owner.namespace}/${owner.name}`,
    node,
  ].filter((word) => word !== null);
  const all = traffic[place] ?? null;
  return html`<th role="columnheader" scope="col">
    <div class="interface-name">
      ${icon(picture === null ? 'circle-slash' : ROLE_ICONS[picture.link.role])}
      ${interfaceLink(reference, (other, beside) => open(place, other, beside))}
    </div>
    <div class="weak">${words.join(' · ')}</div>
    <div class="weak">${all === null ? 'nothing is counted' : totalText(all)}</div>
  </th>`;
}

function totalText(traffic: InterfaceTraffic): string {
  const { count, rate } = totalOf(traffic);
  const { packets, bytes, inner } = count;
  const pace = rate === null || rate.packets === 0 ? '' : `, ${formatRate(rate.bytes)}`;
  return `${formatCount(packets + inner.packets)} packets, ${formatBytes(bytes + inner.bytes)}${pace}`;
}

function row({ kind, label, at, differs }: ComparisonLine, table: ComparisonTable): TemplateResult {
  return html`<tr role="row" data-kind=${kind} ?data-differs=${differs !== null}>
    <th role="rowheader" scope="row">
      ${label}${differs === null ? nothing : html`<div class="differs">${icon('diff')}${differs}</div>`}
    </th>
    ${at.map((line, place) => cell(line, place, table))}
  </tr>`;
}

function cell(
  line: ComparisonLine['at'][number],
  place: number,
  { interfaces, traffic }: ComparisonTable,
): TemplateResult {
  const compared = interfaces[place];
  const name = compared?.interface.name ?? '?';
  if (line === null) return html`<td role="cell" class="weak" data-interface=${name}>not known</td>`;
  const isPodWire = (compared?.picture?.owner ?? null) !== null;
  const look = passageLook(line.passage, isPodWire);
  const rates = traffic[place]?.rates ?? null;
  const isWrong = 'contradiction' in line && line.contradiction;
  return html`<td
    role="cell"
    class="passage-${line.passage}"
    data-interface=${name}
    data-passage=${line.passage}
    ?data-contradiction=${isWrong}
  >
    <div class="seen">
      <span class="passage passage-${line.passage}">${icon(look.icon)}${look.words}</span>
      ${'counted' in line ? figures(line.counted, rates === null ? null : rates[line.kind]) : nothing}
    </div>
    <div class="reason">${line.reason}${straysText(line)}</div>
    ${isWrong ? html`<div class="contradiction">${icon('warning')}${CONTRADICTION}</div>` : nothing}
  </td>`;
}

function straysText(line: TrafficLine | CountedLine): string {
  const isCounted = 'counted' in line && line.counted.packets > 0;
  return line.strays === null || !isCounted ? '' : ` ${line.strays}`;
}

function figures(
  { packets, bytes, inner }: KindCount,
  rate: { readonly packets: number; readonly bytes: number } | null,
): TemplateResult {
  const all = packets + inner.packets;
  if (all === 0) return html`<span class="figures weak">0 packets</span>`;
  const exact = `${formatCount(all)} packets, ${formatCount(bytes + inner.bytes)} bytes`;
  const pace =
    rate === null || rate.packets === 0 ? nothing : html`<span class="weak">${formatRate(rate.bytes)}</span>`;
  return html`<span class="figures" title=${exact}>${formatCount(all)} packets ${pace}</span>`;
}
