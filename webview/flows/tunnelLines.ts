import type { TemplateResult } from 'lit';
import { html } from 'lit';
import type { TunnelKind } from '../../src/model/flow.ts';
import { formatSocketAddress } from '../../src/model/socketAddress.ts';
import type { TunnelRow } from '../../src/model/panelMessages.ts';

const KIND_WORDS: Readonly<Record<TunnelKind, string>> = {
  vxlan: 'VXLAN',
  geneve: 'Geneve',
  gre: 'GRE',
  ip: 'IP in IP',
};

/** A sentence for each direction that a tunnel carries. */
export function tunnelLines(tunnels: readonly TunnelRow[]): readonly TemplateResult[] {
  return tunnels.map(
    (tunnel) =>
      html`<p class="tunnel">
        ${tunnel.direction === 'sent' ? 'The client’s' : 'The server’s'} packets are carried by
        ${KIND_WORDS[tunnel.kind]}${tunnel.identifier === null ? '' : ` ${tunnel.identifier}`} from
        <span class="address">${endOf(tunnel.source, tunnel.sourcePort)}</span> to
        <span class="address">${endOf(tunnel.destination, tunnel.destinationPort)}</span>.
      </p>`,
  );
}

function endOf(address: string, port: number): string {
  return port === 0 ? address : formatSocketAddress(address, port);
}
