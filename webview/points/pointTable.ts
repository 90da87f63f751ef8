import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { formatBytes, formatCount, formatTime } from '../../src/model/format.ts';
import { lostPackets } from '../../src/model/path/losses.ts';
import type { Sighting } from '../../src/model/flow.ts';
import type { FlowPath, Loss, PathPoint, Way } from '../../src/model/path/flowPath.ts';
import type { FlowPathPicture } from '../../src/model/pointsMessages.ts';
import { formatSocketAddress } from '../../src/model/socketAddress.ts';
import { icon } from '../shared/controls.ts';
import { ROLE_ICONS } from '../shared/interfaceWords.ts';
import { CHANGE_LABELS, CHANGE_MEANINGS, dropMeaning } from './words.ts';

/** Every point of both ways, and those that are not passed, a row each. */
export function pointTable({ path, changed }: FlowPathPicture, selected: string | null): TemplateResult {
  // Packets that went another way are counted at some points of this one.
  const isComparable = changed === null && path.past.length === 0;
  return html`<table class="points">
    <thead>
      <tr>
        <th scope="col">Where</th>
        <th scope="col">Interface</th>
        <th scope="col">Point</th>
        <th scope="col">Source</th>
        <th scope="col">Destination</th>
        <th scope="col" class="align-end">Packets</th>
        <th scope="col" class="align-end">Bytes</th>
        <th scope="col">First Seen</th>
      </tr>
    </thead>
    ${wayRows('Request', path.request, selected, isComparable)}
    ${wayRows('Reply', path.reply, selected, isComparable)} ${bystanderRows(path, selected)}
    ${sightingRows('Copies', 'at every port of a bridge that does not know where the destination is', path.flooded, false)}
    ${sightingRows('Seen before', 'where packets passed until then, and now go no more', path.past, true)}
    ${sightingRows('Seen elsewhere', 'where the wiring does not explain it', path.unexpected, false)}
  </table>`;
}

function heading(text: string, note: string): TemplateResult {
  return html`<tr class="section">
    <th scope="rowgroup" colspan="8">${text} <span class="weak">${note}</span></th>
  </tr>`;
}

function wayRows(
  name: string,
  { points, losses, ending }: Way,
  selected: string | null,
  isComparable: boolean,
): TemplateResult {
  const isLost = losses.length > 0 && points.some(({ blank }) => blank?.kind === 'dropped');
  return html`<tbody>
    ${heading(name, isLost ? `expected: ${ending.text}` : ending.text)} ${lossRows(losses, -1)}
    ${repeat(points, pointKey, (point, index) => {
      const before = isComparable ? points.slice(0, index) : [];
      return html`${pointRow(point, before, selected)}${lossRows(losses, index)}`;
    })}
    ${lossRows(losses, null)}
  </tbody>`;
}

/** Packets that went no further than the point of an index. */
function lossRows(losses: readonly Loss[], index: number | null): TemplateResult[] {
  return losses
    .filter(({ after }) => after === index)
    .map(({ drop, place, isOfCopies }) => {
      const meaning = dropMeaning(drop.reason);
      return html`<tr class=${isOfCopies ? 'weak' : 'loss'}>
        <td colspan="8">
          ${icon(isOfCopies ? 'info' : 'close')}<strong>${lostPackets(drop, isOfCopies)} dropped</strong> at
          ${place}:
          <code>${drop.reason}</code
          >${meaning === null ? nothing : html` <span class="weak">(${meaning})</span>`}
        </td>
      </tr>`;
    });
}

/** Focus and selection of text stay with a point when others come or go beside it. */
function pointKey(point: PathPoint): string {
  return [keyOf(point), point.egress, point.inner].join(' ');
}

const keyOf = ({ node, netns, ifindex }: Pick<PathPoint, 'node' | 'netns' | 'ifindex'>): string =>
  `${node}/${netns}/${ifindex}`;

function where({ pod, node }: Pick<PathPoint, 'pod' | 'node'>): string {
  return pod === null ? node : `${pod.namespace}/${pod.name}`;
}

function pointRow(point: PathPoint, before: readonly PathPoint[], selected: string | null): TemplateResult {
  const { tuple, seen, blank } = point;
  return html`<tr class=${keyOf(point) === selected ? 'selected' : ''}>
    <td>${where(point)}</td>
    <td>${icon(ROLE_ICONS[point.role])}${point.interface}</td>
    <td>${point.point}${point.inner ? ' (inside the tunnel)' : ''}</td>
    <td class="address">${changed(point, 'source')}${formatSocketAddress(tuple.source, tuple.sourcePort)}</td>
    <td class="address">
      ${changed(point, 'destination')}${formatSocketAddress(tuple.destination, tuple.destinationPort)}
    </td>
    ${
      seen === null
        ? html`<td colspan="3" class="reason ${blank?.kind ?? ''}">
            ${blank?.reason ?? ''}${blank === null ? nothing : evidence(blank.evidence)}
          </td>`
        : html`<td class="align-end">${formatCount(seen.packets)}${difference(point, seen, before)}</td>
            <td class="align-end" title="${formatCount(seen.bytes)} bytes">${formatBytes(seen.bytes)}</td>
            <td>${formatTime(Date.parse(seen.first))}</td>`
    }
  </tr>`;
}

/** What NAT did to this end of the tuple, before it. */
function changed({ changes }: PathPoint, end: 'source' | 'destination'): TemplateResult[] {
  const ofEnd = end === 'source' ? ['snat', 'undo-dnat'] : ['dnat', 'undo-snat'];
  return changes
    .filter((change) => ofEnd.includes(change))
    .map(
      (change) =>
        html`<span class="changed" title=${CHANGE_MEANINGS[change]}>${CHANGE_LABELS[change]}</span> `,
    );
}

function evidence(found: readonly string[]): TemplateResult | typeof nothing {
  return found.length === 0 ? nothing : html` <span class="weak">(${found.join('; ')})</span>`;
}

/** At the last point on the way itself. */
function lastSeen(points: readonly PathPoint[]): Sighting | null {
  return points.findLast(({ seen, aside }) => seen !== null && aside === null)?.seen ?? null;
}

/** Packets that left beside the way since the last point on it. */
function sentAgain(points: readonly PathPoint[]): number {
  const last = points.findLastIndex(({ seen, aside }) => seen !== null && aside === null);
  return points
    .slice(last + 1)
    .reduce((sum, { seen, aside }) => sum + (aside?.kind === 'some' ? (seen?.packets ?? 0) : 0), 0);
}

/** A point that began to count this much later than the one before was attached later, milliseconds. */
const LATER = 1000;

/** Of a point to the one before: what was lost between them, or passed before one of both was attached. */
function difference(
  { aside }: PathPoint,
  seen: Sighting,
  points: readonly PathPoint[],
): TemplateResult | typeof nothing {
  if (aside !== null) return html` <span class="weak" title=${aside.reason}>${aside.kind}</span>`;
  const before = lastSeen(points);
  if (before === null || before.packets === seen.packets) return nothing;
  const missing = before.packets - seen.packets;
  const later = Date.parse(seen.first) - Date.parse(before.first);
  const amount = `${missing > 0 ? '−' : '+'}${formatCount(Math.abs(missing))}`;
  if (Math.abs(later) > LATER) {
    const which = later > 0 ? 'this point' : 'the point before';
    return html` <span class="weak" title="Passed before ${which} was attached"
      >${amount} before attach</span
    >`;
  }
  if (missing < 0 && -missing === sentAgain(points)) {
    return html` <span class="weak" title="Copies that the node sent on once more">${amount} twice</span>`;
  }
  if (missing < 0) {
    return html` <span class="weak" title="More than at the point before: it has not told of all yet"
      >${amount}</span
    >`;
  }
  return html` <span class="lost" title="Fewer than at the point before: lost between them, or on the way"
    >${amount}</span
  >`;
}

function bystanderRows({ bystanders }: FlowPath, selected: string | null): TemplateResult | typeof nothing {
  if (bystanders.length === 0) return nothing;
  return html`<tbody>
    ${heading('Not passed', 'interfaces that see nothing of this flow, and why')}
    ${bystanders.map(
      (bystander) =>
        html`<tr class=${keyOf(bystander) === selected ? 'selected' : ''}>
          <td>${where(bystander)}</td>
          <td>${icon(ROLE_ICONS[bystander.role])}${bystander.interface}</td>
          <td colspan="6" class="reason">${bystander.blank.reason}${evidence(bystander.blank.evidence)}</td>
        </tr>`,
    )}
  </tbody>`;
}

/** @param ended whether the last packet is meant, else the first */
function sightingRows(
  name: string,
  note: string,
  sightings: readonly Sighting[],
  ended: boolean,
): TemplateResult | typeof nothing {
  if (sightings.length === 0) return nothing;
  return html`<tbody>
    ${heading(name, note)}
    ${sightings.map(
      ({ node, interface: at, point, tuple, packets, bytes, first, last }) =>
        html`<tr>
          <td>${node}</td>
          <td>${at}</td>
          <td>${point}</td>
          <td class="address">${formatSocketAddress(tuple.source, tuple.sourcePort)}</td>
          <td class="address">${formatSocketAddress(tuple.destination, tuple.destinationPort)}</td>
          <td class="align-end">${formatCount(packets)}</td>
          <td class="align-end">${formatBytes(bytes)}</td>
          <td>${ended ? `until ${formatTime(Date.parse(last))}` : formatTime(Date.parse(first))}</td>
        </tr>`,
    )}
  </tbody>`;
}
