import { addressOf, prefixMatch } from '../path/addresses.ts';
import type { NetworkStep } from './networkStep.ts';
import type { PodWiring } from './podWiring.ts';
import { finding, inPod, lookInPod, MAIN_TABLE, referenceTo } from './podWiring.ts';

/** The pod's address, and what the kernel added with it. */
export function addressStep(wiring: PodWiring): NetworkStep {
  const { inside, namespace, addresses } = wiring;
  const onLink = addresses.map((address) => kernelRoute(wiring, address));
  const routes = onLink.filter((route) => route !== null);
  return {
    kind: 'address',
    title: 'An address',
    sentence: sentence(wiring, routes),
    commands: addresses.map((address, index) => {
      const alone = isHost(address) || onLink[index] !== null ? '' : ' noprefixroute';
      return inPod(wiring, `addr add ${address} dev ${inside.name}${alone}`);
    }),
    look: [lookInPod(wiring, `ip addr show ${inside.name}`)],
    findings: [
      ...addresses.map((address) =>
        finding('Address', `${address} on ${inside.name}`, referenceTo(namespace, inside)),
      ),
      ...routes.map((destination) => finding('Kernel’s route', `${destination} dev ${inside.name}`)),
    ],
    inferred: null,
    needs: ['namespace', inside.kind === 'veth' ? 'veth-pair' : 'device'],
    scope: 'pod',
  };
}

function sentence({ inside, addresses }: PodWiring, routes: readonly string[]): string {
  if (addresses.length === 0) return `${inside.name} has no address now.`;
  const given = `The CNI plugin picked ${addresses.join(' and ')} and gave it to ${inside.name}`;
  if (routes.length > 0) {
    return `${given}: with it came the kernel’s route to ${routes.join(' and ')}, the others on its link.`;
  }
  return addresses.every(isHost)
    ? `${given}: a single address, with nobody else on its link.`
    : `${given}, without the kernel’s route to its range: nobody else is on its link.`;
}

const isHost = (address: string): boolean => /\/(?:32|128)$/.test(address);

/** The route that the kernel adds with an address; plugins that route may leave it out, or delete it. */
function kernelRoute({ namespace, inside }: PodWiring, address: string): string | null {
  if (isHost(address)) return null;
  const found = namespace.routes.find(
    ({ ifindex, protocol, gateway, destination, table }) =>
      ifindex === inside.ifindex &&
      protocol === 'kernel' &&
      gateway === null &&
      table === MAIN_TABLE &&
      prefixMatch(destination, addressOf(address)) >= 0,
  );
  return found?.destination ?? null;
}
