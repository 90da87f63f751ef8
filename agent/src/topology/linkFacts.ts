import type { Link } from '../../native/index.d.ts';
import type { BridgePortFacts, InterfaceTopology } from '../../../src/model/topology.ts';

/** BR_STATE_ of linux/if_bridge.h. */
const PORT_STATES: readonly BridgePortFacts['state'][] = [
  'disabled',
  'listening',
  'learning',
  'forwarding',
  'blocking',
];

/** Of linux/if.h. */
const IFF_UP = 1;

/** What only tunnels, bridges, their ports, and links that are off have. */
export function linkFacts({
  flags,
  tunnel,
  tunnelPort,
  bridge,
  port,
}: Link): Pick<InterfaceTopology, 'disabled' | 'tunnel' | 'bridge' | 'port'> {
  return {
    ...((flags & IFF_UP) === 0 ? { disabled: true } : {}),
    ...(tunnel === null ? {} : { tunnel: { ...tunnel, port: tunnelPort === 0 ? null : tunnelPort } }),
    ...(bridge === null ? {} : { bridge }),
    ...(port === null ? {} : { port: { ...port, state: PORT_STATES[port.state] ?? 'disabled' } }),
  };
}
