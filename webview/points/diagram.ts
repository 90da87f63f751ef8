import type { SVGTemplateResult, TemplateResult } from 'lit';
import { html, nothing, svg } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { FlowPath, PathPoint, Way } from '../../src/model/path/flowPath.ts';
import { formatCount } from '../../src/model/format.ts';
import { lossMarks, stopMark } from './crosses.ts';
import type { Column, Group } from './layout.ts';
import { groupsOf } from './layout.ts';
import type { PlacedColumn, Stop } from './stops.ts';
import { RADIUS, stops } from './stops.ts';
import { lessonOf } from '../shared/interfaceWords.ts';
import { BLANK_LABELS, CHANGE_LABELS, CHANGE_MEANINGS } from './words.ts';

const COLUMN = 132;
const GROUP_PADDING = 10;
const GROUP_GAP = 34;
const TOP = 8;
const HEAD = 44;
const NAME = TOP + HEAD + 30;
const REQUEST = NAME + 52;
const REPLY = REQUEST + 74;
const BOTTOM = REPLY + 44;
const HEIGHT = BOTTOM + TOP;
const LONGEST_NAME = 17;

interface PlacedGroup {
  readonly group: Group;
  readonly x: number;
  readonly width: number;
  readonly columns: readonly PlacedColumn[];
}

export interface DiagramOptions {
  readonly path: FlowPath;
  /** Key of the interface that is selected. */
  readonly selected: string | null;
  readonly onSelect: (key: string) => void;
}

/** The path as a drawing: namespaces as boxes, interfaces in them, the request above and the reply below. */
export function diagram({ path, selected, onSelect }: DiagramOptions): TemplateResult {
  const groups = place(groupsOf(path));
  const last = groups.at(-1);
  const width = (last === undefined ? 0 : last.x + last.width) + TOP;
  const columns = groups.flatMap((group) => group.columns);
  return html`<svg
    class="diagram"
    role="group"
    aria-label="Path of the flow"
    width=${width}
    height=${HEIGHT}
    viewBox="0 0 ${width} ${HEIGHT}"
  >
    <defs>
      <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
        <path class="arrow-head" d="M0 0 L8 4 L0 8 Z"></path>
      </marker>
    </defs>
    ${groups.map(groupBox)}
    ${repeat(
      columns,
      ({ column }) => column.key,
      (column) => columnBox(column, selected, onSelect),
    )}
    ${wayLine(path.request, columns, true)} ${wayLine(path.reply, columns, false)}
    ${columns.map(columnCounts)}
  </svg>`;
}

function place(groups: readonly Group[]): PlacedGroup[] {
  let x = TOP;
  return groups.map((group) => {
    const start = x;
    const width = group.columns.length * COLUMN + 2 * GROUP_PADDING;
    x += width + GROUP_GAP;
    return {
      group,
      x: start,
      width,
      columns: group.columns.map((column, index) => ({
        column,
        x: start + GROUP_PADDING + (index + 0.5) * COLUMN,
      })),
    };
  });
}

function groupBox({ group, x, width }: PlacedGroup): SVGTemplateResult {
  const kind = group.pod === null ? 'node' : 'pod';
  const name = group.pod ?? group.node;
  const most = Math.floor((width - 2 * GROUP_PADDING) / 8);
  return svg`<g class="group group-${kind}">
    <rect x=${x} y=${TOP} width=${width} height=${BOTTOM - TOP} rx="5"></rect>
    <text class="group-kind" x=${x + GROUP_PADDING} y=${TOP + 17}>${group.pod === null ? 'node' : `pod on ${group.node}`}</text>
    <text class="group-name" x=${x + GROUP_PADDING} y=${TOP + 34}>${shortened(name, most)}<title>${name}</title></text>
  </g>`;
}

function columnBox(
  { column, x }: PlacedColumn,
  selected: string | null,
  onSelect: (key: string) => void,
): SVGTemplateResult {
  const isSelected = column.key === selected;
  const state = column.bystander !== null ? 'bystander' : column.attached ? 'attached' : 'unattached';
  const pressed = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    onSelect(column.key);
  };
  return svg`<g
    class="interface interface-${state} ${isSelected ? 'selected' : ''}"
    role="button"
    tabindex="0"
    aria-pressed=${isSelected}
    aria-label=${columnLabel(column)}
    @click=${() => onSelect(column.key)}
    @keydown=${pressed}
  >
    <title>${lessonOf(column)}</title>
    <rect x=${x - COLUMN / 2 + 5} y=${NAME - 18} width=${COLUMN - 10} height="27" rx="3"></rect>
    <text class="interface-name" x=${x} y=${NAME}>${shortened(column.interface, LONGEST_NAME)}</text>
  </g>`;
}

function columnLabel(column: Column): string {
  const where =
    column.pod === null ? `node ${column.node}` : `pod ${column.pod.namespace}/${column.pod.name}`;
  return [
    `${column.interface} of ${where}`,
    ...[...column.request, ...column.reply].map(pointLabel),
    column.bystander?.blank.reason,
  ]
    .filter((part) => part !== undefined)
    .join('; ');
}

function pointLabel(point: PathPoint): string {
  return point.seen === null
    ? `${point.point}: ${point.blank?.reason ?? ''}`
    : `${point.point}: ${formatCount(point.seen.packets)} packets`;
}

/** From point to point; where one of both saw nothing, dashed. */
function wayLine(way: Way, columns: readonly PlacedColumn[], isRequest: boolean): SVGTemplateResult {
  const y = isRequest ? REQUEST : REPLY;
  const places = stops(way, columns);
  const name = isRequest ? 'request' : 'reply';
  const usual = isRequest ? 1 : -1;
  return svg`<g class="way way-${name}">
    ${places.slice(1).map((to, index) => {
      const from = places[index];
      return from === undefined ? nothing : segment(from, to, y);
    })}
    ${places.map(({ x, points }) => mark(x, y, points))} ${lossMarks(way, places, y, usual)}
    ${wayName(places, y, isRequest ? 'request' : 'reply')} ${stopMark(way, places, y, usual)}
  </g>`;
}

function wayName(places: readonly Stop[], y: number, name: string): SVGTemplateResult | typeof nothing {
  const [first] = places;
  if (first === undefined) return nothing;
  return svg`<text class="way-name" x=${first.x} y=${y - 13}>${name}</text>`;
}

function segment(from: Stop, to: Stop, y: number): SVGTemplateResult {
  const isSeen = [from, to].every(({ points }) => points.some(({ seen }) => seen !== null));
  const direction = Math.sign(to.x - from.x);
  const changes = to.points.flatMap((point) => point.changes);
  const middle = (from.x + to.x) / 2;
  return svg`<line
      class=${isSeen ? 'seen' : 'unseen'}
      x1=${from.x + direction * (RADIUS + 2)} y1=${y}
      x2=${to.x - direction * (RADIUS + 3)} y2=${y}
      marker-end="url(#arrow)"
    ></line>
    ${
      changes.length === 0
        ? nothing
        : svg`<text class="change" x=${middle} y=${y - 7}>${changes.map((change) => CHANGE_LABELS[change]).join(', ')}<title>${changes.map((change) => CHANGE_MEANINGS[change]).join(' ')}</title></text>`
    }`;
}

function mark(x: number, y: number, points: readonly PathPoint[]): SVGTemplateResult {
  const isSeen = points.some(({ seen }) => seen !== null);
  const isUnexplained = points.some(({ blank }) => blank?.kind === 'unexplained');
  const state = isSeen ? 'seen' : isUnexplained ? 'unexplained' : 'blank';
  return svg`<circle class="mark mark-${state}" cx=${x} cy=${y} r=${RADIUS}><title>${points.map(pointLabel).join('\n')}</title></circle>`;
}

function columnCounts({ column, x }: PlacedColumn): SVGTemplateResult {
  if (column.bystander !== null) {
    const { kind, reason } = column.bystander.blank;
    return svg`<text class="count count-blank" x=${x} y=${(REQUEST + REPLY) / 2}>${BLANK_LABELS[kind]}<title>${reason}</title></text>`;
  }
  return svg`${countText(column.request, x, REQUEST + 22)}${countText(column.reply, x, REPLY + 22)}`;
}

function countText(points: readonly PathPoint[], x: number, y: number): SVGTemplateResult | typeof nothing {
  const counted = points.filter(({ seen }) => seen !== null);
  const [blank] = points.flatMap((point) => (point.blank === null ? [] : [point.blank]));
  if (counted.length > 0) {
    const numbers = [...new Set(counted.map(({ seen }) => formatCount(seen?.packets ?? 0)))];
    return svg`<text class="count" x=${x} y=${y}>${numbers.join(' / ')} packets</text>`;
  }
  if (blank === undefined) return nothing;
  return svg`<text class="count count-blank" x=${x} y=${y}>${BLANK_LABELS[blank.kind]}<title>${blank.reason}</title></text>`;
}

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
