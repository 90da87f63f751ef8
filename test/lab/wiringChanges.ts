/** Changes of a lab's wiring, and what the topology shows after each. */
import type { InterfaceTopology, NamespaceTopology, Topology } from '../../src/model/topology.ts';
import { run, runIn } from './commands.ts';
import type { Lab } from './lab.ts';
import { batch } from './network.ts';
import { UPLINK } from './plan.ts';

export interface WiringChange {
  readonly what: string;
  make(): void;
  shows(topology: Topology): boolean;
}

const FURTHER_POD = '10.244.0.200';

/** Each is made after the one before. What is switched off is switched on again. */
export function wiringChanges(lab: Lab): WiringChange[] {
  return [
    ...linkChanges(lab),
    ...bridgeChanges(lab),
    ...routeChanges(lab),
    ...podChanges(lab),
    ...comingAndGoing(lab),
  ];
}

/** Changes that the kernel tells nobody of: a running agent looks. */
export function silentChanges({ plan }: Lab): WiringChange[] {
  const name = 'net.bridge.bridge-nf-call-iptables';
  const change = (what: string, value: string): WiringChange => ({
    what,
    make: () => void runIn(plan.node.netns, 'sysctl', ['-qw', `${name}=${value}`]),
    shows: ({ sysctls }) => sysctls['net/bridge/bridge-nf-call-iptables'] === value,
  });
  return [
    change('bridges show no frame to netfilter', '0'),
    change('bridges show their frames to netfilter', '1'),
  ];
}

/** Name of the namespace of the pod that comes and goes. */
export function furtherPod(lab: Lab): string {
  return `${lab.plan.id}-further`;
}

function linkChanges({ plan }: Lab): WiringChange[] {
  const { netns } = plan.node;
  const veth = plan.pods.find(({ hostInterface }) => hostInterface !== null)?.hostInterface ?? '';
  const state = (topology: Topology): string | undefined => link(topology, veth)?.state;
  return [
    {
      what: 'a link goes down',
      make: () => batch(netns, [`link set ${veth} down`]),
      shows: (topology) => state(topology) === 'down',
    },
    {
      what: 'a link comes up',
      make: () => batch(netns, [`link set ${veth} up`]),
      shows: (topology) => state(topology) === 'up',
    },
    {
      what: 'a link is renamed',
      make: () => batch(netns, ['link add before0 type bridge', 'link set before0 name after0']),
      shows: (topology) => link(topology, 'after0') !== undefined && link(topology, 'before0') === undefined,
    },
    {
      what: 'a tunnel is made',
      make: () => batch(netns, ['link add vx7 type vxlan id 7 dstport 8472 local 172.31.0.2']),
      shows: (topology) => link(topology, 'vx7')?.tunnel?.id === 7,
    },
  ];
}

function bridgeChanges({ plan }: Lab): WiringChange[] {
  const { netns } = plan.node;
  const veth = plan.pods.find(({ hostInterface }) => hostInterface !== null)?.hostInterface ?? '';
  const bridge = (...args: string[]): string => run('bridge', ['-n', netns, ...args]);
  return [
    {
      what: 'the bridge becomes promiscuous',
      make: () => batch(netns, ['link set cni0 promisc on']),
      shows: (topology) => link(topology, 'cni0')?.promiscuous === true,
    },
    {
      what: 'the bridge is promiscuous no more',
      make: () => batch(netns, ['link set cni0 promisc off']),
      shows: (topology) => link(topology, 'cni0')?.promiscuous === false,
    },
    {
      what: 'the hairpin flag of a port is off',
      make: () => void bridge('link', 'set', 'dev', veth, 'hairpin', 'off'),
      shows: (topology) => link(topology, veth)?.port?.hairpin === false,
    },
    {
      what: 'a port is isolated',
      make: () => void bridge('link', 'set', 'dev', veth, 'isolated', 'on'),
      shows: (topology) => link(topology, veth)?.port?.isolated === true,
    },
    {
      what: 'a port leaves the bridge',
      make: () => batch(netns, [`link set ${veth} nomaster`]),
      shows: (topology) =>
        link(topology, veth)?.port === undefined && link(topology, veth)?.attached === true,
    },
    {
      what: 'a port joins the bridge',
      make: () => batch(netns, [`link set ${veth} master cni0`]),
      shows: (topology) => link(topology, veth)?.port?.hairpin === false,
    },
    {
      what: 'the bridge gets a forwarding entry',
      make: () => void bridge('fdb', 'add', '02:00:00:00:00:99', 'dev', veth, 'master', 'static'),
      shows: (topology) => own(topology).fdb.some(({ mac }) => mac === '02:00:00:00:00:99'),
    },
    {
      what: 'the bridge alone shows its frames to netfilter',
      make: () => batch(netns, ['link set cni0 type bridge nf_call_iptables 1']),
      shows: (topology) => link(topology, 'cni0')?.bridge?.callsIptables === true,
    },
  ];
}

function routeChanges({ plan }: Lab): WiringChange[] {
  const { netns } = plan.node;
  const route = (topology: Topology): NamespaceTopology['routes'][0] | undefined =>
    own(topology).routes.find(({ destination }) => destination === '10.99.0.0/16');
  return [
    {
      what: 'a route is made',
      make: () => batch(netns, [`route add 10.99.0.0/16 via ${plan.outside.addresses.ipv4}`]),
      shows: (topology) => route(topology)?.gateway === plan.outside.addresses.ipv4,
    },
    {
      what: 'a route is replaced',
      make: () => batch(netns, ['route replace blackhole 10.99.0.0/16']),
      shows: (topology) => route(topology)?.type === 'blackhole',
    },
    {
      what: 'a rule is made',
      make: () => batch(netns, ['rule add from 10.244.0.0/24 table 100 priority 50']),
      shows: (topology) =>
        own(topology).rules?.some(({ priority, table }) => priority === 50 && table === 100) === true,
    },
    {
      what: 'a rule is gone',
      make: () => batch(netns, ['rule delete priority 50']),
      shows: (topology) => own(topology).rules === undefined,
    },
    {
      what: 'a neighbour is known',
      make: () => batch(netns, ['neighbour add 172.31.0.77 lladdr 02:00:00:00:00:77 dev eth0']),
      shows: (topology) => own(topology).neighbours.some(({ address }) => address === '172.31.0.77'),
    },
    {
      what: 'forwarding is switched off',
      make: () => void runIn(netns, 'sysctl', ['-qw', 'net.ipv4.ip_forward=0']),
      shows: (topology) => topology.sysctls['net/ipv4/ip_forward'] === '0',
    },
    {
      what: 'forwarding is switched on',
      make: () => void runIn(netns, 'sysctl', ['-qw', 'net.ipv4.ip_forward=1']),
      shows: (topology) => topology.sysctls['net/ipv4/ip_forward'] === '1',
    },
  ];
}

/** Inside a pod, where nothing is attached and nothing is watched but by the node's own socket. */
function podChanges({ plan }: Lab): WiringChange[] {
  const pod = plan.pods.find(({ hostInterface }) => hostInterface !== null);
  const inside = (topology: Topology): NamespaceTopology | undefined =>
    topology.namespaces.find((namespace) => namespace.pod?.uid === pod?.uid);
  const netns = pod?.netns ?? '';
  return [
    {
      what: 'a pod gets an address',
      make: () => batch(netns, [`addr add 10.244.0.222/32 dev ${UPLINK}`]),
      shows: (topology) =>
        inside(topology)?.interfaces.some(({ addresses }) => addresses.includes('10.244.0.222/32')) === true,
    },
    {
      what: 'a pod gets a route',
      make: () => batch(netns, ['route add prohibit 10.98.0.0/16']),
      shows: (topology) => inside(topology)?.routes.some(({ type }) => type === 'prohibit') === true,
    },
  ];
}

function comingAndGoing(lab: Lab): WiringChange[] {
  const { netns } = lab.plan.node;
  const name = furtherPod(lab);
  const there = (topology: Topology): NamespaceTopology | undefined =>
    topology.namespaces.find(({ interfaces }) =>
      interfaces.some(({ addresses }) => addresses.includes(`${FURTHER_POD}/24`)),
    );
  return [
    {
      what: 'a pod comes',
      make: () => {
        run('ip', ['netns', 'add', name]);
        batch(netns, [
          `link add further type veth peer name ${UPLINK} netns ${name}`,
          'link set further master cni0 up',
        ]);
        batch(name, [`addr add ${FURTHER_POD}/24 dev ${UPLINK}`, `link set ${UPLINK} up`]);
      },
      shows: (topology) => {
        const node = link(topology, 'further');
        return (
          node?.attached === true &&
          there(topology) !== undefined &&
          node.peer?.netns === there(topology)?.inode
        );
      },
    },
    {
      what: 'a pod goes',
      make: () => void run('ip', ['netns', 'del', name]),
      shows: (topology) => link(topology, 'further') === undefined && there(topology) === undefined,
    },
  ];
}

function own(topology: Topology): NamespaceTopology {
  const [first] = topology.namespaces;
  if (first === undefined) throw new Error('the node has no namespace');
  return first;
}

function link(topology: Topology, name: string): InterfaceTopology | undefined {
  return own(topology).interfaces.find((candidate) => candidate.name === name);
}
