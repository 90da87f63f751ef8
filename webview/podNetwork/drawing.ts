import type { SVGTemplateResult, TemplateResult } from 'lit';
import { html, nothing, svg } from 'lit';
import type { DrawnInterface, NetworkDrawing } from '../../src/model/podNetwork/networkDrawing.ts';
import type { PodNetwork, StepKind } from '../../src/model/podNetwork/networkStep.ts';

const BOX = 150;
const BOX_HEIGHT = 50;
const PADDING = 14;
const CABLE = 76;
const GAP = 58;
const TOP = 8;
const BOXES = TOP + 66;
const MIDDLE = BOXES + BOX_HEIGHT / 2;
const ROUTES = BOXES + BOX_HEIGHT + 24;
const BOTTOM = ROUTES + 16;
const OUTSIDE = 118;
const HEIGHT = BOTTOM + TOP;
const LONGEST = 18;

export interface DrawingOptions {
  readonly network: PodNetwork;
  readonly drawing: NetworkDrawing;
  /** Index of the step up to which it is drawn; null for all. */
  readonly chosen: number | null;
}

/** How far a part has come at the chosen step. */
type State = 'later' | 'now' | 'there';

/** The network as it stands after the chosen step: what comes later is a shadow, what the step makes stands out. */
export function drawing(options: DrawingOptions): TemplateResult {
  const { network, drawing: drawn } = options;
  const { pod, node } = drawn;
  const nodeX = pod === null ? TOP : TOP + BOX + 2 * PADDING + CABLE;
  const boxes = [node.outside, node.middle, node.tunnel, node.uplink].filter((one) => one !== null);
  const columns = pod === null ? [null, ...boxes] : boxes;
  const nodeWidth = 2 * PADDING + columns.length * BOX + (columns.length - 1) * GAP;
  const placed = columns.map((one, index) => ({ one, x: nodeX + PADDING + index * (BOX + GAP) }));
  const right = nodeX + nodeWidth;
  const width = right + OUTSIDE;
  return html`<svg
    class="network"
    role="img"
    aria-label=${label(network, drawn)}
    width=${width}
    height=${HEIGHT}
    viewBox="0 0 ${width} ${HEIGHT}"
  >
    <defs>
      <marker id="out" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
        <path class="arrow-head" d="M0 0 L8 4 L0 8 Z"></path>
      </marker>
    </defs>
    ${group(nodeX, nodeWidth, 'node', network.node, node.namespace, 'there')}
    ${pod === null ? nothing : podGroup(options, pod)}
    ${placed.slice(1).map(({ one, x }, index) => join(options, placed[index]?.one ?? null, one, x))}
    ${placed.map(({ one, x }) => (one === null ? guest(network, x, state(options, 'host-network')) : box(options, one, x)))}
    ${pod === null ? nothing : cable(options)} ${nodeRoute(options, placed)} ${wayOut(options, right)}
  </svg>`;
}

interface Placed {
  readonly one: DrawnInterface | null;
  readonly x: number;
}

/** For who does not see it; the steps say the rest. */
function label({ pod }: PodNetwork, { pod: inside, node }: NetworkDrawing): string {
  const boxes = [inside?.inside, node.outside, node.middle, node.tunnel, node.uplink];
  const names = boxes.flatMap((one) => (one === null || one === undefined ? [] : [one.reference.name]));
  return `From ${pod.namespace}/${pod.name} to other nodes: ${names.join(', ')}`;
}

function state(
  { network, chosen }: DrawingOptions,
  madeBy: StepKind | null,
  changedBy: readonly StepKind[] = [],
): State {
  if (chosen === null) return 'there';
  const index = madeBy === null ? -1 : network.steps.findIndex(({ kind }) => kind === madeBy);
  if (index > chosen) return 'later';
  const kind = network.steps[chosen]?.kind;
  const isNow = kind !== undefined && (kind === madeBy || changedBy.includes(kind));
  return isNow ? 'now' : 'there';
}

function group(
  x: number,
  width: number,
  kind: 'pod' | 'node',
  name: string,
  inode: number,
  now: State,
): SVGTemplateResult {
  const most = Math.floor((width - 2 * PADDING) / 7.2);
  return svg`<g class="group group-${kind} ${now}">
    <rect x=${x} y=${TOP} width=${width} height=${BOTTOM - TOP} rx="5"></rect>
    <text class="group-kind" x=${x + PADDING} y=${TOP + 18}>${kind}</text>
    <text class="group-name" x=${x + PADDING} y=${TOP + 35}>${shortened(name, most)}<title>${name}</title></text>
    <text class="group-kind" x=${x + PADDING} y=${TOP + 52}>namespace ${inode}</text>
  </g>`;
}

function podGroup(options: DrawingOptions, pod: NonNullable<NetworkDrawing['pod']>): SVGTemplateResult {
  const { name } = options.network.pod;
  const x = TOP + PADDING;
  const route = pod.route;
  return svg`${group(TOP, BOX + 2 * PADDING, 'pod', name, pod.namespace, state(options, 'namespace'))}
    ${box(options, pod.inside, x, state(options, 'address'))}
    ${
      route === null
        ? nothing
        : svg`<text class="route ${state(options, route.madeBy)}" x=${x + BOX / 2} y=${ROUTES}>${shortened(route.text, LONGEST + 8)}<title>${route.text}</title></text>`
    }`;
}

/** @param addressed whether its address is there yet */
function box(
  options: DrawingOptions,
  { reference, address, madeBy, changedBy }: DrawnInterface,
  x: number,
  addressed: State = 'there',
): SVGTemplateResult {
  const now = state(options, madeBy, changedBy);
  const name = shortened(reference.name, LONGEST - 2);
  return svg`<g class="interface ${now}">
    <rect x=${x} y=${BOXES} width=${BOX} height=${BOX_HEIGHT} rx="3"></rect>
    <text class="interface-name" x=${x + BOX / 2} y=${BOXES + (address === '' ? 30 : 21)}>${name} <tspan class="index">${reference.ifindex}</tspan><title>${reference.name}, index ${reference.ifindex}</title></text>
    <text class="address ${addressed}" x=${x + BOX / 2} y=${BOXES + 39}>${shortened(address, LONGEST + 1)}<title>${address}</title></text>
  </g>`;
}

/** A pod of the node's network, within the node's own namespace. */
function guest({ pod }: PodNetwork, x: number, now: State): SVGTemplateResult {
  return svg`<g class="interface guest ${now}">
    <rect x=${x} y=${BOXES} width=${BOX} height=${BOX_HEIGHT} rx="3"></rect>
    <text class="interface-name" x=${x + BOX / 2} y=${BOXES + 21}>${shortened(pod.name, LONGEST)}<title>${pod.namespace}/${pod.name}</title></text>
    <text class="index" x=${x + BOX / 2} y=${BOXES + 39}>no wire of its own</text>
  </g>`;
}

function cable(options: DrawingOptions): SVGTemplateResult | typeof nothing {
  const { node } = options.drawing;
  if (node.outside === null) return nothing;
  const [from, to] = [TOP + PADDING + BOX, TOP + BOX + 2 * PADDING + CABLE + PADDING];
  return svg`<g class="cable ${state(options, 'veth-pair', ['move', 'up'])}">
    <line x1=${from} y1=${MIDDLE} x2=${to} y2=${MIDDLE}></line>
    <text class="join-name" x=${(from + to) / 2} y=${MIDDLE - 9}>veth pair</text>
  </g>`;
}

/** What joins a box to the one before it: a port, programs, or the node's routes. */
function join(
  options: DrawingOptions,
  before: DrawnInterface | null,
  one: DrawnInterface | null,
  x: number,
): SVGTemplateResult | typeof nothing {
  const { node } = options.drawing;
  if (before === null || one === null) return nothing;
  const isFirst = before === node.outside;
  const madeBy = isFirst ? node.joinedBy : null;
  const words =
    isFirst && madeBy === 'bridge-port' ? 'port' : isFirst && madeBy === 'programs' ? 'programs' : 'routes';
  const wraps = before === node.tunnel;
  const now = isFirst ? state(options, madeBy) : state(options, null, ['other-nodes']);
  return svg`<g class="join join-${words} ${now}">
    <line x1=${x - GAP} y1=${MIDDLE} x2=${x} y2=${MIDDLE}></line>
    <text class="join-name" x=${x - GAP / 2} y=${MIDDLE - 9}>${wraps ? 'wrapped' : words}</text>
  </g>`;
}

/** Under the interface that the node's route to the pod leads to. */
function nodeRoute(options: DrawingOptions, placed: readonly Placed[]): SVGTemplateResult | typeof nothing {
  const { node } = options.drawing;
  const at = placed.find(({ one }) => one !== null && one === (node.middle ?? node.outside));
  if (node.route === null || at === undefined) return nothing;
  const { text, madeBy } = node.route;
  return svg`<text class="route ${state(options, madeBy)}" x=${at.x + BOX / 2} y=${ROUTES}>${shortened(text, 30)}<title>${text}</title></text>`;
}

function wayOut(options: DrawingOptions, right: number): SVGTemplateResult | typeof nothing {
  if (options.drawing.node.uplink === null) return nothing;
  const now = state(options, null, ['other-nodes', 'host-network']);
  return svg`<g class="join ${now}">
    <line x1=${right - PADDING} y1=${MIDDLE} x2=${right + 30} y2=${MIDDLE} marker-end="url(#out)"></line>
    <text class="way-out" x=${right + 38} y=${MIDDLE - 4}>other nodes,</text>
    <text class="way-out" x=${right + 38} y=${MIDDLE + 12}>outside</text>
  </g>`;
}

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
