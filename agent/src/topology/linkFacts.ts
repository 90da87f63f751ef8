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

/** What only tunnels, bridges and their ports have. */
export function linkFacts({
  tunnel,
  tunnelPort,
  bridge,
  port,
}: Link): Pick<InterfaceTopology, 'tunnel' | 'bridge' | 'port'> {
  return {
    ...(tunnel === null ? {} : { tunnel: { ...tunnel, port: tunnelPort === 0 ? null : tunnelPort } }),
    ...(bridge === null ? {} : { bridge }),
    ...(port === null ? {} : { port: { ...port, state: PORT_STATES[port.state] ?? 'disabled' } }),
  };
}
