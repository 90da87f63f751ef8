import { addressOf } from '../path/addresses.ts';
import { routeTo } from '../path/routing.ts';
import type { InterfaceTopology, NamespaceTopology, Neighbour } from '../topology.ts';
import type { Finding, NetworkStep } from './networkStep.ts';
import type { PodWiring } from './podWiring.ts';
import { finding, inPod, isDefault, lookInPod, named, ownLinkWith, referenceTo } from './podWiring.ts';
import { addable, isAdded, routeWords, withoutHostLength } from './routeCommand.ts';

/** Where the pod sends what is not for its own link. */
export function podRoutesStep(wiring: PodWiring): NetworkStep {
  const { namespace } = wiring;
  const added = addable(namespace.routes.filter(isAdded));
  const device = (index: number | null): string =>
    namespace.interfaces.find(({ ifindex }) => ifindex === index)?.name ?? '?';
  return {
    kind: 'pod-routes',
    title: 'Routes in the pod',
    sentence: podRoutesSentence(wiring),
    commands: added.map((route) => inPod(wiring, `route add ${routeWords(route, device(route.ifindex))}`)),
    look: [lookInPod(wiring, 'ip route'), lookInPod(wiring, 'ip neigh')],
    findings: [
      ...added.map((route) =>
        finding(isDefault(route) ? 'Default route' : 'Route', routeWords(route, device(route.ifindex))),
      ),
      ...gatewayFindings(wiring),
    ],
    inferred: null,
    needs: ['address', 'up'],
    scope: 'pod',
  };
}

function podRoutesSentence(wiring: PodWiring): string {
  const { gateway, outside, namespace, inside, shape } = wiring;
  if (gateway === null) {
    return namespace.routes.some(isDefault)
      ? `All that is not for itself leaves the pod by ${inside.name}, without a gateway.`
      : 'The pod has no default route now: it reaches what is on its own link alone.';
  }
  const holder = ownLinkWith(wiring, gateway);
  const who =
    holder !== null
      ? `which is ${holder.name} of the node`
      : outside === null
        ? 'which is nobody of the node that is known'
        : `which nobody has: ${shape === 'cilium' ? 'Cilium’s programs answer for it' : `${outside.name} answers for it`}`;
  return `The CNI plugin added the pod’s routes: what is not for its own link goes to the gateway ${gateway}, ${who}.`;
}

function gatewayFindings(wiring: PodWiring): Finding[] {
  const { gateway, own, namespace, inside, outside } = wiring;
  if (gateway === null) return [];
  const holder = ownLinkWith(wiring, gateway);
  const neighbour = neighbourOf(namespace, gateway, inside);
  const owner = own.interfaces.find(({ mac }) => mac !== '' && mac === neighbour?.mac) ?? null;
  return [
    ...(holder === null
      ? []
      : [finding('Gateway', `${gateway} is an address of ${named(holder)}`, referenceTo(own, holder))]),
    finding(
      'Neighbour',
      neighbour === null
        ? `the pod has not asked yet who has ${gateway}`
        : `${gateway} is at ${neighbour.mac ?? 'no known MAC'}${owner === null ? '' : `, which is ${owner.name}`} (${neighbour.state})`,
      owner === null ? (outside === null ? null : referenceTo(own, outside)) : referenceTo(own, owner),
    ),
  ];
}

function neighbourOf(
  { neighbours }: NamespaceTopology,
  address: string,
  link: InterfaceTopology,
): Neighbour | null {
  return neighbours.find((one) => one.address === address && one.ifindex === link.ifindex) ?? null;
}

/** How the node finds the pod: by a route to its whole range, or to the pod alone. */
export function nodeRouteStep(wiring: PodWiring): NetworkStep {
  const { own, addresses, outside, inside, bridge, shape } = wiring;
  const address = addressOf(addresses[0] ?? '');
  const chosen = addresses.length === 0 ? null : routeTo(own, address);
  const isOwn = chosen !== null && outside !== null && chosen.link.ifindex === outside.ifindex;
  const words = chosen === null ? '' : routeWords(chosen.route, chosen.link.name);
  const neighbour = chosen === null ? null : neighbourOf(own, address, chosen.link);
  const others = isOwn ? addresses.slice(1) : [];
  return {
    kind: 'node-route',
    title: isOwn ? 'A route on the node instead of a bridge' : 'The node’s route to the pod',
    sentence: nodeRouteSentence(),
    commands: nodeRouteCommands(),
    look: [`ip route get ${address}`, `ip neigh show ${address}`],
    findings: [
      chosen === null
        ? finding('Route', `none to ${address}`)
        : finding('Route', words, referenceTo(own, chosen.link)),
      ...(neighbour === null
        ? []
        : [
            finding(
              'Neighbour',
              `${address} is at ${neighbour.mac ?? 'no known MAC'}${neighbour.mac === inside.mac ? `, which is ${inside.name} in the pod` : ''} (${neighbour.state})`,
            ),
          ]),
    ],
    inferred: null,
    needs: isOwn ? ['veth-pair', 'up'] : [],
    scope: isOwn ? 'pod' : 'node',
  };

  function nodeRouteSentence(): string {
    if (chosen === null) return `The node has no route to ${address === '' ? 'the pod' : address} now.`;
    if (isOwn) {
      return `No bridge holds ${outside.name}: the node routes, and a route of its own leads to ${address} by ${outside.name}.`;
    }
    const range = withoutHostLength(chosen.route.destination);
    if (bridge !== null && chosen.link.ifindex === bridge.ifindex) {
      return `The node reaches the pod by the range of ${bridge.name}, ${range}: the kernel added that route with the bridge’s own address, once for all pods.`;
    }
    const rest = shape === 'cilium' ? ', where Cilium’s programs pass it on to the pod’s own interface' : '';
    return `The node reaches the pod by ${range}, a route for all its pods out of ${chosen.link.name}${rest}.`;
  }

  function nodeRouteCommands(): string[] {
    if (chosen === null) return [];
    if (isOwn) {
      return [
        ...outside.addresses
          .filter((one) => !one.startsWith('fe80:'))
          .map((one) => `ip addr add ${one} dev ${outside.name}`),
        `ip route add ${words}`,
        ...others.flatMap((one) => {
          const more = routeTo(own, addressOf(one));
          return more === null ? [] : [`ip route add ${routeWords(more.route, more.link.name)}`];
        }),
      ];
    }
    const { route, link } = chosen;
    if (isAdded(route)) return [`ip route add ${words}`];
    return link.addresses
      .filter((one) => addressOf(one) === route.source)
      .map((one) => `ip addr add ${one} dev ${link.name}`);
  }
}
