import type { PodReference, Topology } from '../../../../src/model/topology.ts';
import type { PodNetworkScenario } from '../../podNetworkHost.ts';
import { recorded } from './recorded.ts';

const MARKUP = '<img src=x onerror=alert(1)>';

/** Names as an attacker would choose them. */
export const hostile: PodNetworkScenario = (() => {
  const { topology, uid } = recorded('vxlan');
  const pod: PodReference = { namespace: '"><script>alert(1)</script>', name: MARKUP, uid };
  const namespaces: Topology['namespaces'] = topology.namespaces.map((namespace) => ({
    ...namespace,
    pod: namespace.pod?.uid === uid ? pod : namespace.pod,
    interfaces: namespace.interfaces.map((link) => (link.name === 'cni0' ? { ...link, name: MARKUP } : link)),
  }));
  return { topology: { ...topology, namespaces }, uid };
})();
