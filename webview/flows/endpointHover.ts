import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { Endpoint } from '../../src/model/endpoint.ts';
import { endpointLabel, labelText } from '../../src/model/endpoint.ts';
import type { InitiatorEvidence } from '../../src/model/flow.ts';
import { formatPlural } from '../../src/model/format.ts';
import { formatSocketAddress } from '../../src/model/socketAddress.ts';
import { icon } from '../shared/controls.ts';
import { evidenceSentences, guessSentence } from './evidenceWords.ts';
import { ENDPOINT_LOOKS } from './words.ts';

/** More would hide the rows that are asked about. */
const MOST_LISTED = 12;
const MOST_LETTERS = 200;

export interface HoveredEndpoint {
  readonly endpoint: Endpoint;
  /** Null where the flow has no ports. */
  readonly port: number | null;
  /** Why client and server may be the other way round; null where that is known. */
  readonly guess: InitiatorEvidence | null;
}

/** Who an end is, why we say so, and what is not known of it. */
export function endpointHover({ endpoint, port, guess }: HoveredEndpoint): TemplateResult {
  const { icon: name, label } = ENDPOINT_LOOKS[endpoint.kind];
  return html`<p class="hover-title">
      ${icon(name, `endpoint-${endpoint.kind}`)}${label}${titleOf(endpoint)}
    </p>
    <p class="weak">${placeLine(endpoint, port)}</p>
    <ul class="evidence">
      ${evidenceSentences(endpoint).map((sentence) => html`<li>${sentence}</li>`)}
    </ul>
    ${possibilities(endpoint)}
    ${guess === null ? nothing : html`<p class="open-line">${icon('arrow-swap')}${guessSentence(guess)}</p>`}`;
}

/** Its name, or that there is none for sure; an address stands below. */
function titleOf(endpoint: Endpoint): string {
  const label = endpointLabel(endpoint);
  if (label.named) return ` ${short(labelText(label))}`;
  return label.open === null ? '' : `: ${label.open}`;
}

function placeLine({ name, uid, address, container, workload, node }: Endpoint, port: number | null): string {
  const parts = [
    port === null ? address : formatSocketAddress(address, port),
    container === null ? null : `container ${container}`,
    workload === null ? null : `${workload.kind} ${workload.name}`,
    node === null ? null : `node ${node}`,
    // Of a pod that Kubernetes did not tell of, all that there is.
    name === null && uid !== null ? `uid ${uid}` : null,
  ];
  return parts.flatMap((part) => (part === null ? [] : [short(part)])).join(' · ');
}

/** What the evidence leaves open: never one of several as if it were known. */
function possibilities({ kind, name, names, candidates }: Endpoint): TemplateResult | typeof nothing {
  if (candidates.length > 0) {
    const where = name !== null && kind === 'node' ? 'On this node it' : 'It';
    const which = candidates.length === 1 ? 'this, which is not certain' : 'any of these';
    return openList(`${where} could be ${which}:`, candidates);
  }
  return name === null && names.length > 1
    ? openList('It could be asked for by any of these names:', names)
    : nothing;
}

function openList(heading: string, all: readonly string[]): TemplateResult {
  const more = all.length - MOST_LISTED;
  return html`<p class="open-line">${icon('question')}${heading}</p>
    <ul>
      ${all.slice(0, MOST_LISTED).map((text) => html`<li>${short(text)}</li>`)}
      ${more > 0 ? html`<li class="weak">and ${formatPlural(more, 'other')}</li>` : nothing}
    </ul>`;
}

/** A name from a cluster may be as long as somebody likes. */
function short(text: string): string {
  return text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}…` : text;
}
