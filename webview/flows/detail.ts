import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { Endpoint } from '../../src/model/endpoint.ts';
import { askedPort, endpointLabel, labelText } from '../../src/model/endpoint.ts';
import type { Translation } from '../../src/model/flow.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMicroseconds,
  formatPlural,
  formatRate,
  formatTime,
} from '../../src/model/format.ts';
import { formatSocketAddress } from '../../src/model/socketAddress.ts';
import type { SightingRow, TunnelRow } from '../../src/model/panelMessages.ts';
import { button, icon, iconButton, panels } from '../shared/controls.ts';
import { evidenceSentences, guessSentence } from './evidenceWords.ts';
import type { FlowRow } from './flowRow.ts';
import { tcpFlagNames } from './flowRow.ts';
import { tunnelLines } from './tunnelLines.ts';
import { ENDPOINT_LOOKS, translationText, VERDICT_LOOKS } from './words.ts';

/** The selected flow; `row` is null when the host no longer keeps it. */
export interface FlowDetail {
  readonly row: FlowRow | null;
  readonly sightings: readonly SightingRow[];
  readonly tunnels: readonly TunnelRow[];
  readonly nat: readonly Translation[];
  /** Nodes of its ends on which no agent of the session runs. */
  readonly unobserved: readonly string[];
}

export interface DetailActions {
  readonly onClose: () => void;
  readonly onShowPoints: () => void;
  readonly onObserveNode: (node: string) => void;
  readonly onRevealPod: (namespace: string, name: string) => void;
}

/** All that is known of one flow. */
export function detail(
  { row, sightings, tunnels, nat, unobserved }: FlowDetail,
  { onClose, onShowPoints, onObserveNode, onRevealPod }: DetailActions,
): TemplateResult {
  if (row === null) {
    return html`<div class="detail-head">
      <span class="detail-title">This flow ended long ago and is no longer kept.</span>${closeButton(onClose)}
    </div>`;
  }
  return html`<div class="detail-head">
      ${verdictMark(row)}
      <h2 class="detail-title">${nameOf(row.client)} ${icon('arrow-right')} ${nameOf(row.server)}</h2>
      ${row.service === null ? nothing : html`<span class="weak">through Service ${nameOf(row.service)}</span>`}
      ${nat.map((translation) => html`<span class="weak">${translationText(translation)}</span>`)}
      <span class="spring"></span>
      ${button({ label: 'Show Path', icon: 'git-compare', onClick: onShowPoints })} ${closeButton(onClose)}
    </div>
    ${panels('Flow details', [
      {
        id: 'points',
        label: 'Observation Points',
        badge: String(sightings.length),
        content: html`${sightingsTable(sightings, row.hasPorts)}${tunnelLines(tunnels)}${unobservedLines(unobserved, onObserveNode)}`,
      },
      { id: 'endpoints', label: 'Endpoints', badge: null, content: endpointCards(row, onRevealPod) },
      { id: 'figures', label: 'Figures', badge: null, content: figures(row) },
    ])}`;
}

const unobservedLines = (nodes: readonly string[], onObserveNode: (node: string) => void): TemplateResult[] =>
  nodes.map(
    (node) =>
      html`<p class="unobserved weak">
        ${node} is not observed: what happened there is not known.
        ${button({ label: `Observe ${node}`, onClick: () => onObserveNode(node) })}
      </p>`,
  );

const closeButton = (onClose: () => void): TemplateResult =>
  iconButton({ label: 'Close Details', icon: 'close', onClick: onClose });

const nameOf = (endpoint: Endpoint | null): string =>
  endpoint === null ? '?' : labelText(endpointLabel(endpoint));

function verdictMark({ verdict }: FlowRow): TemplateResult {
  const { icon: name, label, meaning } = VERDICT_LOOKS[verdict];
  return html`<span class="verdict" title=${meaning}>${icon(name, `verdict-${verdict}`)}${label}</span>`;
}

function sightingsTable(sightings: readonly SightingRow[], ports: boolean): TemplateResult {
  if (sightings.length === 0) {
    return html`<p class="weak">No observation point told of this flow yet.</p>`;
  }
  const tuples = new Set(sightings.map((sighting) => [...endsOf(sighting, ports)].sort().join(' ')));
  return html`<table>
    <caption>
      ${formatPlural(tuples.size, 'tuple')} at ${formatPlural(sightings.length, 'point')}
    </caption>
    <thead>
      <tr>
        <th scope="col">Node</th>
        <th scope="col">Interface</th>
        <th scope="col">Point</th>
        <th scope="col">Source</th>
        <th scope="col">Destination</th>
        <th scope="col" class="align-end">Packets</th>
        <th scope="col" class="align-end">Bytes</th>
        <th scope="col" class="align-end">First</th>
        <th scope="col" class="align-end">Last</th>
      </tr>
    </thead>
    <tbody>
      ${sightings.map((sighting) => sightingLine(sighting, ports))}
    </tbody>
  </table>`;
}

/** Source and destination as seen at the point. */
function endsOf(sighting: SightingRow, ports: boolean): readonly [string, string] {
  const { source, sourcePort, destination, destinationPort } = sighting;
  if (!ports) return [source, destination];
  return [formatSocketAddress(source, sourcePort), formatSocketAddress(destination, destinationPort)];
}

function sightingLine(sighting: SightingRow, ports: boolean): TemplateResult {
  const [source, destination] = endsOf(sighting, ports);
  return html`<tr>
    <td>${sighting.node}</td>
    <td>${icon('plug')}${sighting.interface}</td>
    <td>${sighting.point}${sighting.inner ? ' (inside a tunnel)' : ''}</td>
    <td class="address">${source}</td>
    <td class="address">${destination}</td>
    <td class="align-end">${formatCount(sighting.packets)}</td>
    <td class="align-end" title="${formatCount(sighting.bytes)} bytes">${formatBytes(sighting.bytes)}</td>
    <td class="align-end">${formatTime(sighting.first)}</td>
    <td class="align-end">${formatTime(sighting.last)}</td>
  </tr>`;
}

function endpointCards(row: FlowRow, onRevealPod: DetailActions['onRevealPod']): TemplateResult {
  const opened = row.initiatorCertain ? 'opened the connection' : 'may have opened the connection';
  const answered = row.receivedPackets > 0 ? 'answered' : 'did not answer';
  const portOf = (port: number): number | null => (row.hasPorts ? port : null);
  return html`<div class="cards">
    ${endpointCard('Client', opened, row.client, portOf(row.clientPort), onRevealPod, row.initiatorCertain ? null : guessSentence(row.initiatorEvidence))}
    ${row.service === null ? nothing : endpointCard('Service', 'was asked for', row.service, askedPort(row.service), onRevealPod)}
    ${endpointCard('Server', answered, row.server, portOf(row.serverPort), onRevealPod)}
  </div>`;
}

function endpointCard(
  role: string,
  did: string,
  endpoint: Endpoint | null,
  port: number | null,
  onRevealPod: DetailActions['onRevealPod'],
  guess: string | null = null,
): TemplateResult {
  if (endpoint === null) return html`<section class="card"><h3>${role}</h3></section>`;
  const look = ENDPOINT_LOOKS[endpoint.kind];
  return html`<section class="card">
    <h3>${role} <span class="weak">${did}</span> ${revealButton(endpoint, onRevealPod)}</h3>
    <dl>
      ${fact(look.label, nameOf(endpoint))}
      ${fact('Address', port === null ? endpoint.address : formatSocketAddress(endpoint.address, port))}
      ${fact('Container', endpoint.container)}
      ${fact(endpoint.workload?.kind ?? '', endpoint.workload?.name ?? null)} ${fact('Node', endpoint.node)}
      ${fact(endpoint.kind === 'service' ? 'Port' : 'Names', endpoint.names.join(', ') || null)}
      ${fact('Known by', evidenceSentences(endpoint).join(' '))}
      ${fact('Could be', endpoint.candidates.join(', ') || null)} ${fact('Direction', guess)}
    </dl>
  </section>`;
}

/** A pod that is settled has a row in Node Interfaces, where its node is observed. */
function revealButton(
  { kind, namespace, name }: Endpoint,
  onRevealPod: DetailActions['onRevealPod'],
): TemplateResult | typeof nothing {
  if (kind !== 'pod' || namespace === null || name === null) return nothing;
  return iconButton({
    label: 'Reveal Pod',
    icon: 'list-tree',
    onClick: () => onRevealPod(namespace, name),
  });
}

function figures(row: FlowRow): TemplateResult {
  const tcp = row.protocol === 'tcp';
  const flags = (value: number): string => tcpFlagNames(value).join(' ') || 'none seen';
  return html`<div class="cards">
    <section class="card">
      <h3>Traffic</h3>
      <dl>
        ${fact('Sent', `${formatCount(row.sentPackets)} packets, ${formatBytes(row.sentBytes)}`)}
        ${fact('Received', `${formatCount(row.receivedPackets)} packets, ${formatBytes(row.receivedBytes)}`)}
        ${fact('Dropped', row.droppedPackets === 0 ? null : `${formatCount(row.droppedPackets)} packets`)}
        ${fact('Rate', formatRate(row.rate))} ${fact('DSCP', row.dscp === 0 ? null : String(row.dscp))}
      </dl>
    </section>
    <section class="card">
      <h3>Time</h3>
      <dl>
        ${fact('First packet', formatTime(row.start))} ${fact('Last packet', formatTime(row.end))}
        ${fact('Duration', formatDuration(row.end - row.start))}
        ${fact('State', row.ended ? 'ended' : 'live')}
      </dl>
    </section>
    ${
      tcp
        ? html`<section class="card">
            <h3>TCP</h3>
            <dl>
              ${fact('Handshake', row.handshakeUs === null ? 'not seen' : formatMicroseconds(row.handshakeUs))}
              ${fact('Smoothed RTT', row.rttUs === null ? 'not known' : formatMicroseconds(row.rttUs))}
              ${fact('Retransmits', formatCount(row.retransmits))}
              ${fact('Client’s flags', flags(row.clientTcpFlags))}
              ${fact('Server’s flags', flags(row.serverTcpFlags))}
            </dl>
          </section>`
        : nothing
    }
  </div>`;
}

function fact(name: string, value: string | null): TemplateResult | typeof nothing {
  if (value === null) return nothing;
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}
