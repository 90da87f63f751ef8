import type { InterfaceTopology } from '../topology.ts';
import type { NetworkStep } from './networkStep.ts';
import type { PodWiring } from './podWiring.ts';
import { finding, inPod, lookInPod, named, referenceTo } from './podWiring.ts';

const ETHERNET_MTU = 1500;
/** What the first interface beside loopback gets in a new namespace. */
const FIRST_INDEX = 2;

/** The namespace, and what the pod is wired to the node with. */
export function wireSteps(wiring: PodWiring): NetworkStep[] {
  const { outside, inside } = wiring;
  const namespace = namespaceStep(wiring);
  if (inside.kind !== 'veth') return [namespace, deviceStep(wiring)];
  if (outside === null) return [namespace, lostPairStep(wiring)];
  return [namespace, pairStep(wiring, outside), moveStep(wiring, outside)];
}

function namespaceStep(wiring: PodWiring): NetworkStep {
  const { namespace, own, pod, name, further } = wiring;
  const loopback = namespace.interfaces.find(({ role }) => role === 'loopback');
  return {
    kind: 'namespace',
    title: 'A network namespace',
    sentence: `The kubelet asked the container runtime for the pod, and the runtime made a network namespace for ${pod.namespace}/${pod.name}: it began with a loopback interface alone.`,
    commands: [`ip netns add ${name}`],
    look: [`readlink ${namespace.path}`, lookInPod(wiring, 'ip link')],
    findings: [
      finding('Namespace', `${namespace.inode}; the node’s own is ${own.inode}`),
      finding('Entered by', namespace.path),
      ...(loopback === undefined
        ? []
        : [
            finding(
              'Loopback',
              `${named(loopback)}, ${loopback.addresses.join(' ')}`,
              referenceTo(namespace, loopback),
            ),
          ]),
      ...further.map((link) =>
        finding('Also there', `${named(link)} ${link.kind}`.trim(), referenceTo(namespace, link)),
      ),
    ],
    inferred: null,
    needs: [],
    scope: 'pod',
  };
}

/** Where both ends came to be: in the pod's namespace, on the node and then moved, or that is not to be told. */
type Origin = 'pod' | 'node' | 'unknown';

/**
 * An interface keeps its index when it moves to another namespace, where nobody has it. Indices are given out upwards in each
 * namespace, and the ends of a pair are made one after the other.
 */
function originOf({ inside, own, namespace }: PodWiring, outside: InterfaceTopology): Origin {
  const holder = own.interfaces.find(({ ifindex }) => ifindex === inside.ifindex);
  const isNext = Math.abs(outside.ifindex - inside.ifindex) === 1;
  if (isNext && holder === undefined) return inside.ifindex === FIRST_INDEX ? 'unknown' : 'node';
  const others = namespace.interfaces.filter(({ role }) => role !== 'loopback');
  const isFirst = others.every(({ ifindex }) => ifindex >= inside.ifindex);
  return isFirst && (holder !== undefined || inside.ifindex < outside.ifindex - 1) ? 'pod' : 'unknown';
}

function pairStep(wiring: PodWiring, outside: InterfaceTopology): NetworkStep {
  const { inside, namespace, own, name } = wiring;
  const origin = originOf(wiring, outside);
  const peer = origin === 'node' ? temporaryName(outside) : `${inside.name} netns ${name}`;
  const [outer, inner] = [mtuWords(outside), mtuWords(inside)];
  return {
    kind: 'veth-pair',
    title: 'A veth pair',
    sentence: `The CNI plugin made a veth pair, a cable with two ends: ${inside.name} for the pod and ${outside.name} for the node.`,
    commands: [`ip link add ${outside.name}${outer} type veth peer${inner} name ${peer}`],
    look: [`ip -d link show ${outside.name}`, lookInPod(wiring, `ip -d link show ${inside.name}`)],
    findings: [
      finding('Pod’s end', `${named(inside)}, MAC ${inside.mac}`, referenceTo(namespace, inside)),
      finding('Node’s end', `${named(outside)}, MAC ${outside.mac}`, referenceTo(own, outside)),
      finding(
        'Tied by',
        `the peer of ${outside.name} has index ${inside.ifindex} in namespace ${namespace.inode}`,
      ),
      finding('MTU', String(inside.mtu)),
    ],
    inferred: null,
    needs: origin === 'node' ? [] : ['namespace'],
    scope: 'pod',
  };
}

function mtuWords({ mtu }: InterfaceTopology): string {
  return mtu === ETHERNET_MTU ? '' : ` mtu ${mtu}`;
}

/** The node has an interface with the name of the pod's end already, so the pair begins with another. */
function temporaryName({ ifindex }: InterfaceTopology): string {
  return `tmp${ifindex}`;
}

function moveStep(wiring: PodWiring, outside: InterfaceTopology): NetworkStep {
  const { inside, namespace, own, name } = wiring;
  const origin = originOf(wiring, outside);
  const holder = own.interfaces.find(({ ifindex }) => ifindex === inside.ifindex);
  const inferred: Readonly<Record<Origin, string>> = {
    node: `No trace is kept of a move. It is concluded from the indices: ${inside.ifindex} and ${outside.ifindex} follow each other, so both ends were made on the node, and an interface keeps its index when it moves.`,
    pod: `No trace is kept of a move, and ${inside.name} did not need one: it has index ${inside.ifindex}, the first of its own namespace${holder === undefined ? '' : `, which on the node is that of ${holder.name}`}. An interface that moves keeps its index, so ${inside.name} was made in the pod.`,
    unknown: `No trace is kept of a move, and the indices ${inside.ifindex} and ${outside.ifindex} do not tell where the ends were made.`,
  };
  return {
    kind: 'move',
    title: 'One end in the pod',
    sentence:
      origin === 'node'
        ? `The end for the pod was moved into the pod’s namespace and named ${inside.name}; ${outside.name} stayed on the node.`
        : `Each end is in its namespace: ${inside.name} in the pod’s, ${outside.name} in the node’s.`,
    commands:
      origin === 'node' ? [`ip link set ${temporaryName(outside)} netns ${name} name ${inside.name}`] : [],
    look: [`ip link show ${outside.name}`, lookInPod(wiring, `ip link show ${inside.name}`)],
    findings: [
      finding(
        'In the pod',
        `${named(inside)} in namespace ${namespace.inode}`,
        referenceTo(namespace, inside),
      ),
      finding('On the node', `${named(outside)} in namespace ${own.inode}`, referenceTo(own, outside)),
    ],
    inferred: inferred[origin],
    needs: ['namespace', 'veth-pair'],
    scope: 'pod',
  };
}

function deviceStep(wiring: PodWiring): NetworkStep {
  const { inside, namespace } = wiring;
  const kind =
    inside.kind === ''
      ? 'a device of the node’s hardware, or of a driver of its own'
      : `of kind ${inside.kind}`;
  return {
    kind: 'device',
    title: 'An interface for the pod',
    sentence: `The CNI plugin gave the pod ${inside.name}, which is ${kind}: no veth pair leads to the node.`,
    commands: [],
    look: [lookInPod(wiring, `ip -d link show ${inside.name}`)],
    findings: [
      finding('In the pod', `${named(inside)}, MAC ${inside.mac}`, referenceTo(namespace, inside)),
      finding('MTU', String(inside.mtu)),
    ],
    inferred: 'How it came into the namespace is not kept; such an interface is made on the node, and moved.',
    needs: ['namespace'],
    scope: 'pod',
  };
}

/** The other end can be in a namespace that the agent could not enter. */
function lostPairStep(wiring: PodWiring): NetworkStep {
  const { inside, namespace } = wiring;
  return {
    kind: 'veth-pair',
    title: 'A veth pair',
    sentence: `The CNI plugin made a veth pair, a cable with two ends; one is ${inside.name} in the pod.`,
    commands: [],
    look: [lookInPod(wiring, `ip -d link show ${inside.name}`)],
    findings: [
      finding('Pod’s end', `${named(inside)}, MAC ${inside.mac}`, referenceTo(namespace, inside)),
      finding('Node’s end', 'not found in the node’s own namespace'),
    ],
    inferred: 'Where the other end is, and what it is wired to, is not known.',
    needs: ['namespace'],
    scope: 'pod',
  };
}

/** Both ends, and loopback, take packets. */
export function upStep(wiring: PodWiring): NetworkStep {
  const { inside, outside, namespace, own } = wiring;
  const loopback = namespace.interfaces.find(({ role }) => role === 'loopback');
  const ends = [
    ...(loopback === undefined ? [] : [{ link: loopback, place: namespace }]),
    { link: inside, place: namespace },
    ...(outside === null ? [] : [{ link: outside, place: own }]),
  ];
  const down = ends.filter(({ link }) => link.state === 'down');
  return {
    kind: 'up',
    title: 'Ends switched on',
    sentence:
      down.length === 0
        ? 'Both ends were switched on: a new interface passes nothing before.'
        : `${down.map(({ link }) => link.name).join(' and ')} ${down.length === 1 ? 'is' : 'are'} down now: nothing passes.`,
    commands: ends
      .filter(({ link }) => !down.some((end) => end.link === link))
      .map(({ link, place }) =>
        place === own ? `ip link set ${link.name} up` : inPod(wiring, `link set ${link.name} up`),
      ),
    look: [lookInPod(wiring, 'ip -br link')],
    findings: ends.map(({ link, place }) =>
      finding(
        place === own ? 'On the node' : 'In the pod',
        `${named(link)} ${stateWords(link)}`,
        referenceTo(place, link),
      ),
    ),
    inferred: null,
    needs: [inside.kind === 'veth' ? 'veth-pair' : 'device'],
    scope: 'pod',
  };
}

/** Loopback has no carrier to be up or down by. */
function stateWords({ role, state }: InterfaceTopology): string {
  return role === 'loopback' && state === 'unknown' ? 'on' : state;
}
