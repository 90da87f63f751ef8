import type { Endpoint, EndpointLabel } from '../../src/model/endpoint.ts';
import { endpointLabel } from '../../src/model/endpoint.ts';
import type { CellIcon, TextPart } from '../shared/cells.ts';
import { drawIconText } from '../shared/cells.ts';
import { describe } from '../shared/hoverCard.ts';
import type { HoveredEndpoint } from './endpointHover.ts';
import { endpointHover } from './endpointHover.ts';
import { ENDPOINT_LOOKS } from './words.ts';

/** Beside a client that may be the server. */
const GUESSED: CellIcon = { name: 'arrow-swap', tone: 'open', label: 'direction guessed' };

/**
 * A name with its container, or what is known instead; what tells why shows when it is pointed at.
 * @param isMarked whether a guessed direction is marked here; one end of a row is enough
 */
export function drawEndpoint(cell: HTMLElement, hovered: HoveredEndpoint, isMarked: boolean): void {
  const { endpoint, guess } = hovered;
  const { container } = endpoint;
  drawIconText(cell, {
    icons: [kindIcon(endpoint)],
    parts: labelParts(endpointLabel(endpoint)),
    suffix: container === null ? '' : `· ${container}`,
    mark: isMarked && guess !== null ? GUESSED : null,
    tooltip: '',
  });
  describe(cell, () => endpointHover(hovered));
}

/** What is not decided never looks like a name. */
export function labelParts({ namespace, text, named, open }: EndpointLabel): readonly TextPart[] {
  if (open !== null && !named) {
    return [
      { text: open, look: 'open' },
      { text: ` ${text}`, look: 'weak' },
    ];
  }
  return [
    { text: namespace === null ? '' : `${namespace}/`, look: 'weak' },
    { text, look: 'name' },
    { text: open === null ? '' : ` ${open}`, look: 'open' },
  ];
}

function kindIcon(endpoint: Endpoint): CellIcon {
  const { open, named } = endpointLabel(endpoint);
  const { icon, label } = ENDPOINT_LOOKS[endpoint.kind];
  return open !== null && !named
    ? { name: 'question', tone: 'open', label }
    : { name: icon, tone: `endpoint-${endpoint.kind}`, label };
}
