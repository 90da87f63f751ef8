import type { TemplateResult } from 'lit';
import { html } from 'lit';
import { formatBytes, formatCount, formatRate } from '../../src/model/format.ts';
import type { InterfacePicture } from '../../src/model/interfaceMessages.ts';

/** The kernel's own counters of the interface, and how fast they move. */
export function statisticsTable({ link, rates }: InterfacePicture): TemplateResult {
  const { statistics } = link;
  return html`<table class="plain statistics">
    <thead>
      <tr>
        <td></td>
        <th scope="col" class="align-end">Received</th>
        <th scope="col" class="align-end">Sent</th>
      </tr>
    </thead>
    <tbody>
      ${row('Rate', rateText(rates?.receivedBytes), rateText(rates?.sentBytes))}
      ${row('Packets/s', perSecond(rates?.receivedPackets), perSecond(rates?.sentPackets))}
      ${row('Packets', formatCount(statistics.receivedPackets), formatCount(statistics.sentPackets))}
      ${row('Bytes', formatBytes(statistics.receivedBytes), formatBytes(statistics.sentBytes))}
      ${row('Dropped', formatCount(statistics.receivedDropped), formatCount(statistics.sentDropped))}
    </tbody>
  </table>`;
}

function row(name: string, received: string, sent: string): TemplateResult {
  return html`<tr>
    <th scope="row">${name}</th>
    <td class="align-end">${received}</td>
    <td class="align-end">${sent}</td>
  </tr>`;
}

const rateText = (rate: number | undefined): string => (rate === undefined ? '…' : formatRate(rate));

function perSecond(rate: number | undefined): string {
  if (rate === undefined) return '…';
  return rate > 0 && rate < 10 ? rate.toFixed(1) : formatCount(Math.round(rate));
}
