import type { TcpFacts, TcpState } from '../../../src/model/flow.ts';
import { TCP_FLAG } from '../collector/flowLayout.ts';

/** What the OR of each side's flag bytes says of the connection. */
export function tcpState(clientFlags: number, serverFlags: number, answered: boolean): TcpState {
  const either = clientFlags | serverFlags;
  if ((either & TCP_FLAG.rst) !== 0) return 'reset';
  if ((clientFlags & serverFlags & TCP_FLAG.fin) !== 0) return 'closed';
  if ((either & TCP_FLAG.fin) !== 0) return 'closing';
  return (clientFlags & TCP_FLAG.syn) !== 0 && !answered ? 'opening' : 'established';
}

export function resetBy(clientFlags: number, serverFlags: number): TcpFacts['resetBy'] {
  const client = (clientFlags & TCP_FLAG.rst) !== 0;
  const server = (serverFlags & TCP_FLAG.rst) !== 0;
  if (client && server) return 'both';
  if (client) return 'client';
  return server ? 'server' : null;
}
