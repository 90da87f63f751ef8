import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { formatCount } from '../../src/model/format.ts';
import type { DropCounts, Ledger, UnparsedCause } from '../../src/model/ledger.ts';
import { UNPARSED_CAUSES } from '../../src/model/ledger.ts';
import { icon } from '../shared/controls.ts';
import type { NodeClock } from '../../src/model/panelMessages.ts';
import { costLine, costTable } from './agentCost.ts';
import { clockTable } from './nodeClocks.ts';

/** One figure of the ledger with what it means. */
interface LedgerLine {
  readonly label: string;
  readonly count: number;
  readonly meaning: string;
}

const CAUSE_MEANINGS: Readonly<Record<UnparsedCause, string>> = {
  arp: 'Address resolution, which belongs to no flow.',
  'not-ip': 'Neither IPv4 nor IPv6, for example LLDP.',
  truncated: 'Shorter than their headers say.',
  'vlan-depth': 'More than two VLAN tags.',
  'extension-header': 'IPv6 extension headers beyond the bound.',
  'bad-header': 'A header that makes no sense.',
};

/** What is not in the rows although it was seen, by cause. */
export function ledgerLosses(ledger: Ledger, droppedEnded: number): readonly LedgerLine[] {
  const unparsed = UNPARSED_CAUSES.map((cause) => ({
    label: `Unparsed: ${cause}`,
    count: ledger.unparsed[cause],
    meaning: CAUSE_MEANINGS[cause],
  }));
  const suppressed = Object.entries(ledger.suppressed).map(([kind, count]) => ({
    label: `Suppressed: ${kind}`,
    count,
    meaning: 'Events beyond the rate limit.',
  }));
  return [
    ...unparsed,
    {
      label: 'Map full',
      count: ledger.mapFull,
      meaning: 'Packets of new flows while the flow map was full.',
    },
    {
      label: 'Filtered',
      count: ledger.filtered,
      meaning: 'Packets that nobody asked for, left out by the kernel’s filter.',
    },
    {
      label: 'Loose fragments',
      count: ledger.looseFragments,
      meaning: 'Packets counted in a flow without ports: their first fragment was not seen.',
    },
    {
      label: 'Points beyond slots',
      count: ledger.pointsOverflow,
      meaning: 'Packets counted in their flow, but at a point that found no slot.',
    },
    {
      label: 'Events lost',
      count: ledger.eventsLost,
      meaning: 'DNS answers, drops or errors not told of in time.',
    },
    ...suppressed,
    kernelDrops(ledger.drops),
    {
      label: 'Joined late',
      count: ledger.nat.joinedLate,
      meaning: ledger.nat.available
        ? 'Flows counted before their NAT was known, and joined then.'
        : 'Not everywhere: connection tracking cannot be read, so addresses before and after NAT are not joined.',
    },
    {
      label: 'NAT events lost',
      count: ledger.nat.overruns + ledger.nat.evicted,
      meaning:
        'Times that the kernel dropped news of translated connections, and connections that found no room.',
    },
    {
      label: 'Folded',
      count: ledger.folded,
      meaning: 'Packets of flows for which the agent’s table had no room.',
    },
    {
      label: 'Queue dropped',
      count: ledger.queueDropped,
      meaning: 'Flow updates not sent because the reader stalled.',
    },
    {
      label: 'Stream gap',
      count: ledger.streamGap,
      meaning: 'Ended flows that were forgotten while the connection was broken.',
    },
    {
      label: 'Own',
      count: ledger.own,
      meaning: 'Packets of the agent’s own connection, kept out of the rows.',
    },
    {
      label: 'Ended flows dropped',
      count: droppedEnded,
      meaning: 'The oldest ended flows, beyond the bound.',
    },
  ];
}

/** By reason; not a loss of ours, but of the packets that no row has. */
function kernelDrops(drops: DropCounts): LedgerLine {
  if (!drops.available) {
    return { label: 'Kernel drops', count: 0, meaning: 'Not available: this kernel does not tell of them.' };
  }
  const reasons = Object.entries(drops.byReason)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${reason} ${formatCount(count)}`);
  const outside = `${formatCount(drops.unattributed)} of them in no row, ${formatCount(drops.filtered)} more of other flows`;
  const meaning = `Packets that the kernel dropped, ${outside}${reasons.length > 0 ? `: ${reasons.join(', ')}` : ''}.`;
  return { label: 'Kernel drops', count: drops.total, meaning };
}

/** Figures that mean something is missing from the rows; the others only stand apart. */
function lostPackets(ledger: Ledger): number {
  return ledger.mapFull + ledger.eventsLost + ledger.queueDropped + ledger.streamGap;
}

export interface FooterOptions {
  readonly ledger: Ledger | null;
  readonly droppedEnded: number;
  readonly clocks: readonly NodeClock[];
  readonly open: boolean;
  readonly onToggle: () => void;
}

/** The ledger and the agent's cost; opens to every figure. */
export function footer(options: FooterOptions): TemplateResult {
  const { ledger, open, onToggle } = options;
  if (ledger === null) {
    return html`<div class="footer-line"><span>The ledger comes with the first packets.</span></div>`;
  }
  const unparsed = Object.values(ledger.unparsed).reduce((sum, count) => sum + count, 0);
  const lost = lostPackets(ledger);
  return html`${open ? ledgerTable(ledger, options) : nothing}
    <div class="footer-line">
      <button class="footer-toggle" aria-expanded=${open} aria-controls="ledger" @click=${onToggle}>
        ${icon(open ? 'chevron-down' : 'chevron-up')}Ledger
      </button>
      <span>${formatCount(ledger.seen)} packets seen</span>
      <span>${formatCount(ledger.counted)} counted</span>
      <span>${formatCount(unparsed)} unparsed</span>
      <span class=${lost > 0 ? 'footer-lost' : ''}
        >${lost > 0 ? icon('warning') : nothing}${formatCount(lost)} lost</span
      >
      <span class="spring"></span>
      ${ledger.cost === null ? nothing : costLine(ledger.cost)}
    </div>`;
}

function ledgerTable(ledger: Ledger, { droppedEnded, clocks }: FooterOptions): TemplateResult {
  const points = ledger.byPoint;
  return html`<div id="ledger" class="ledger" tabindex="0" role="region" aria-label="Ledger">
    <table>
      <caption>
        What is not in the rows
      </caption>
      <tbody>
        ${ledgerLosses(ledger, droppedEnded).map(
          ({ label, count, meaning }) =>
            html`<tr class=${count === 0 ? 'weak' : ''}>
              <th scope="row">${label}</th>
              <td class="align-end">${formatCount(count)}</td>
              <td>${meaning}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${ledger.cost === null ? nothing : costTable(ledger.cost)}
    ${clocks.length === 0 ? nothing : clockTable(clocks)}
    ${points.length === 0 ? nothing : pointTable(points)}
  </div>`;
}

function pointTable(points: Ledger['byPoint']): TemplateResult {
  return html`<table>
    <caption>
      By observation point
    </caption>
    <thead>
      <tr>
        <th scope="col">Interface</th>
        <th scope="col">Point</th>
        <th scope="col" class="align-end">Seen</th>
        <th scope="col" class="align-end">Counted</th>
      </tr>
    </thead>
    <tbody>
      ${points.map(
        (point) =>
          html`<tr>
            <td>${point.interface}</td>
            <td>${point.point}</td>
            <td class="align-end">${formatCount(point.seen)}</td>
            <td class="align-end">${formatCount(point.counted)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}
