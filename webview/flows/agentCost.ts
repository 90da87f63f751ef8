import type { TemplateResult } from 'lit';
import { html } from 'lit';
import { formatBytes, formatCount, formatShare } from '../../src/model/format.ts';
import type { SelfCost } from '../../src/model/ledger.ts';
import { icon } from '../shared/controls.ts';

/** One figure of what the agent costs, with what it means. */
interface CostLine {
  readonly label: string;
  readonly figure: string;
  readonly meaning: string;
}

/** What the agent costs, in short. */
export function costLine(cost: SelfCost): TemplateResult {
  const time = cost.nanosecondsPerPacket;
  const parts = [
    ...(time === null ? [] : [`${Math.round(time)} ns a packet`]),
    `${formatShare(cost.cpu + (cost.programsCpu ?? 0))} CPU`,
    formatBytes(cost.residentBytes + (cost.kernelMapBytes ?? 0)),
  ];
  return html`<span
    title="What the agent itself costs on its node: kernel time a packet and point, share of one processor, memory. The ledger has each figure."
    >${icon('dashboard')}Agent: ${parts.join(' · ')}</span
  >`;
}

/** Every figure of what the agent costs. */
export function costLines(cost: SelfCost): readonly CostLine[] {
  const fill = cost.mapCapacity === 0 ? 0 : cost.mapPeak / cost.mapCapacity;
  return [
    {
      label: 'Packet',
      figure: nanoseconds(cost.nanosecondsPerPacket),
      meaning: 'Kernel time for a packet at one observation point.',
    },
    {
      label: 'Dropped packet',
      figure: nanoseconds(cost.nanosecondsPerDrop),
      meaning: 'Kernel time for each packet that the kernel drops, on the whole node.',
    },
    {
      label: 'Programs',
      figure: cost.programsCpu === null ? NOT_MEASURED : formatShare(cost.programsCpu),
      meaning: 'Share of one processor that both took, when it was measured last.',
    },
    {
      label: 'Process',
      figure: formatShare(cost.cpu),
      meaning: 'Share of one processor that the agent’s process takes beside.',
    },
    {
      label: 'Memory',
      figure: formatBytes(cost.residentBytes),
      meaning: 'Of the agent’s process.',
    },
    {
      label: 'Kernel memory',
      figure: cost.kernelMapBytes === null ? NOT_MEASURED : formatBytes(cost.kernelMapBytes),
      meaning: 'Of its maps; taken when it starts, used or not.',
    },
    {
      label: 'Flow map',
      figure: formatShare(fill),
      meaning: `At its fullest: ${formatCount(cost.mapPeak)} flows of ${formatCount(cost.mapCapacity)} between two drains; when it is full, new flows are lost.`,
    },
  ];
}

export function costTable(cost: SelfCost): TemplateResult {
  return html`<table>
    <caption>
      What the agent costs
    </caption>
    <tbody>
      ${costLines(cost).map(
        ({ label, figure, meaning }) =>
          html`<tr>
            <th scope="row">${label}</th>
            <td class="align-end">${figure}</td>
            <td>${meaning}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

const NOT_MEASURED = '–';

function nanoseconds(time: number | null): string {
  return time === null ? NOT_MEASURED : `${formatCount(Math.round(time))} ns`;
}
