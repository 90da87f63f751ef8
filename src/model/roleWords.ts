import type { InterfaceRole } from './topology.ts';

export const ROLE_WORDS: Readonly<Record<InterfaceRole, string>> = {
  uplink: 'uplink',
  bridge: 'bridge',
  'pod-veth': 'pod interface',
  tunnel: 'tunnel',
  loopback: 'loopback',
  'host-veth': 'host veth',
  other: 'interface',
};
