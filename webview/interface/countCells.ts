import type { TemplateResult } from 'lit';
import { html, nothing, svg } from 'lit';
import type { Traffic } from '../../src/model/flow.ts';
import { formatBytes, formatCount, formatPacketRate, formatRate } from '../../src/model/format.ts';
import type { InterfaceTraffic } from '../../src/model/interfaceView/interfaceTraffic.ts';
import type { CountedKind } from '../../src/model/interfaceView/traffic.ts';
import type { KindCount } from '../../src/model/interfaceView/trafficCounts.ts';
import { totalOf } from '../shared/trafficTotal.ts';

export function countHeadings(): TemplateResult {
  return html`<th scope="col" class="align-end">Rate</th>
    <th scope="col" class="align-end">Counted</th>`;
}

/** How fast packets of a kind pass, and how many did. */
export function countCells(traffic: InterfaceTraffic, kind: CountedKind): TemplateResult {
  const { counts, rates } = traffic;
  const all = totalOf(traffic).rate;
  const share = rates === null || all === null || all.bytes === 0 ? 0 : rates[kind].bytes / all.bytes;
  return html`${rateCell(rates === null ? null : rates[kind], share)} ${countCell(counts[kind])}`;
}

/** @param share of all that passes now, drawn as a bar; none where there is nothing to compare with */
export function rateCell(rate: Traffic | null, share = 0): TemplateResult {
  if (rate === null) return html`<td class="align-end rate weak">…</td>`;
  if (rate.packets === 0) return html`<td class="align-end rate weak">${formatRate(0)}</td>`;
  return html`<td class="align-end rate">
    ${formatRate(rate.bytes)}
    <div class="weak">${formatPacketRate(rate.packets)}</div>
    ${share === 0 ? nothing : bar(share)}
  </td>`;
}

function bar(share: number): TemplateResult {
  const width = Math.max(1, share * 100);
  return html`<svg class="share" viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">
    ${svg`<rect x=${100 - width} width=${width} height="3"></rect>`}
  </svg>`;
}

/** Packets, and their bytes below; those inside of a tunnel's are said to be. */
export function countCell({ packets, bytes, inner }: KindCount): TemplateResult {
  if (packets === 0 && inner.packets === 0) return html`<td class="align-end weak">0</td>`;
  const exact = `${formatCount(packets + inner.packets)} packets, ${formatCount(bytes + inner.bytes)} bytes`;
  const plain = packets === 0 ? nothing : figure({ packets, bytes }, '');
  const wrapped = inner.packets === 0 ? nothing : figure(inner, ' in tunnel');
  return html`<td class="align-end counted" title=${exact}>${plain}${wrapped}</td>`;
}

function figure({ packets, bytes }: Traffic, where: string): TemplateResult {
  const unit = packets === 1 ? 'packet' : 'packets';
  return html`<div>${formatCount(packets)} ${unit}</div>
    <div class="weak">${formatBytes(bytes)}${where}</div>`;
}

/** Of flows that are no longer kept. */
export function departedRow({ departed }: InterfaceTraffic): TemplateResult | typeof nothing {
  if (departed.packets + departed.inner.packets === 0) return nothing;
  return html`<tr data-kind="departed">
    <th scope="row">Flows that are no longer kept: their kinds are not known any more</th>
    <td></td>
    <td></td>
    ${countCell(departed)}
    <td colspan="2"></td>
  </tr>`;
}

export function totalRow(traffic: InterfaceTraffic): TemplateResult {
  const { count, rate } = totalOf(traffic);
  return html`<tr data-kind="total">
    <th scope="row">All</th>
    <td></td>
    ${rateCell(rate)} ${countCell(count)}
    <td colspan="2"></td>
  </tr>`;
}
