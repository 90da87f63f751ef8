import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { Traffic } from '../../src/model/flow.ts';
import { formatBytes, formatCount, formatPacketRate, formatRate } from '../../src/model/format.ts';
import type { InterfaceTraffic } from '../../src/model/interfaceView/interfaceTraffic.ts';
import type { CountedKind } from '../../src/model/interfaceView/traffic.ts';
import { COUNTED_KINDS } from '../../src/model/interfaceView/traffic.ts';
import type { KindCount } from '../../src/model/interfaceView/trafficCounts.ts';
import { NOTHING_COUNTED } from '../../src/model/interfaceView/trafficCounts.ts';

const NONE: Traffic = { packets: 0, bytes: 0 };

export function countHeadings(): TemplateResult {
  return html`<th scope="col" class="align-end">Rate</th>
    <th scope="col" class="align-end">Counted</th>`;
}

/** How fast packets of a kind pass, and how many did. */
export function countCells({ counts, rates }: InterfaceTraffic, kind: CountedKind): TemplateResult {
  return html`${rateCell(rates === null ? null : rates[kind])} ${countCell(counts[kind])}`;
}

export function rateCell(rate: Traffic | null): TemplateResult {
  if (rate === null) return html`<td class="align-end weak">…</td>`;
  const isStill = rate.packets === 0;
  return html`<td class="align-end rate ${isStill ? 'weak' : 'moving'}">
    ${formatRate(rate.bytes)}${isStill ? nothing : html`<div class="weak">${formatPacketRate(rate.packets)}</div>`}
  </td>`;
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

/** Everything that was counted at the interface. */
export function totalOf({ counts, rates, departed }: InterfaceTraffic): {
  readonly count: KindCount;
  readonly rate: Traffic | null;
} {
  const all = [...COUNTED_KINDS.map((kind) => counts[kind]), departed];
  const count = all.reduce(
    (sum, { packets, bytes, inner }) => ({ ...plus(sum, { packets, bytes }), inner: plus(sum.inner, inner) }),
    NOTHING_COUNTED,
  );
  const rate = rates === null ? null : COUNTED_KINDS.reduce((sum, kind) => plus(sum, rates[kind]), NONE);
  return { count, rate };
}

const plus = (a: Traffic, b: Traffic): Traffic => ({
  packets: a.packets + b.packets,
  bytes: a.bytes + b.bytes,
});
