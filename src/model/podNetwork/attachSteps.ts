import { formatPlural } from '../format.ts';
import type { InterfaceTopology } from '../topology.ts';
import type { NetworkStep } from './networkStep.ts';
import type { PodWiring } from './podWiring.ts';
import { finding, named, referenceTo } from './podWiring.ts';

/** What the node's end is plugged into; none where the node routes, which is a step of its own. */
export function attachSteps(wiring: PodWiring): NetworkStep[] {
  const { outside, bridge, shape } = wiring;
  if (outside === null) return [];
  if (bridge !== null) return [bridgeStep(wiring, outside, bridge)];
  return shape === 'cilium' ? [programsStep(wiring, outside)] : [];
}

function bridgeStep(wiring: PodWiring, outside: InterfaceTopology, bridge: InterfaceTopology): NetworkStep {
  const { own, inside } = wiring;
  const ports = own.interfaces.filter(({ master }) => master === bridge.ifindex);
  const entry = own.fdb.find(({ mac, ifindex }) => mac === inside.mac && ifindex === outside.ifindex);
  const { port } = outside;
  return {
    kind: 'bridge-port',
    title: `A port of ${bridge.name}`,
    sentence: `The node’s end ${outside.name} became a port of the bridge ${bridge.name}, as a cable is plugged into a switch: so the pod reaches the node’s other pods.`,
    commands: [
      `ip link set ${outside.name} master ${bridge.name}`,
      ...(port?.hairpin === true ? [`bridge link set dev ${outside.name} hairpin on`] : []),
      ...(port?.isolated === true ? [`bridge link set dev ${outside.name} isolated on`] : []),
    ],
    look: [`bridge -d link show dev ${outside.name}`, `bridge fdb show dev ${outside.name}`],
    findings: [
      finding('Bridge', `${named(bridge)}, ${formatPlural(ports.length, 'port')}`, referenceTo(own, bridge)),
      finding('Port', portWords(outside), referenceTo(own, outside)),
      finding(
        'Forwarding table',
        entry === undefined
          ? `no entry for ${inside.mac} now: ${bridge.name} forgets who is silent, and then sends to all ports`
          : `${inside.mac} of the pod is behind ${outside.name}${entry.permanent ? '' : ', learned from its frames'}`,
      ),
    ],
    inferred: null,
    needs: ['veth-pair'],
    scope: 'pod',
  };
}

function portWords({ name, port }: InterfaceTopology): string {
  if (port === undefined) return name;
  const flags = [port.hairpin ? 'hairpin on' : 'hairpin off', port.isolated ? 'isolated' : ''];
  return [`${name} ${port.state}`, ...flags.filter(Boolean)].join(', ');
}

/** Programs are not part of the wiring that is read, so they are concluded from what is not there. */
function programsStep(wiring: PodWiring, outside: InterfaceTopology): NetworkStep {
  const { own } = wiring;
  const cilium = own.interfaces.find(({ name }) => name === 'cilium_host');
  return {
    kind: 'programs',
    title: 'Cilium’s programs instead of a bridge',
    sentence: `The node’s end ${outside.name} is no bridge’s port and no route leads out of it: Cilium’s programs take the pod’s packets as they come in there, and bring it those that are for it.`,
    commands: [],
    look: [`tc filter show dev ${outside.name} ingress`, `bpftool net show dev ${outside.name}`],
    findings: [
      finding('Node’s end', `${named(outside)}, a port of nothing`, referenceTo(own, outside)),
      ...(cilium === undefined
        ? []
        : [finding('Cilium', `${named(cilium)}, ${cilium.addresses[0] ?? ''}`, referenceTo(own, cilium))]),
    ],
    inferred: `That its programs do it is concluded from ${cilium?.name ?? 'cilium_host'} being there, and from there being no other way.`,
    needs: ['veth-pair'],
    scope: 'pod',
  };
}
