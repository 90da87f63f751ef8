/** Builds a lab's namespaces, wires, addresses, routes and NAT rules from its plan. */
import { run, runIn } from './commands.ts';
import { backends, FORBIDDEN_PORT, POD_RANGE, UPLINK } from './plan.ts';
import type { Addresses, LabPlan, PodPlan, ServicePlan } from './plan.ts';

/** Namespaces that a plan needs, in the order they are made. */
export function namespaces(plan: LabPlan): string[] {
  const pods = plan.pods.filter((pod) => !pod.hostNetwork).map((pod) => pod.netns);
  return [plan.node.netns, plan.outside.netns, ...pods];
}

export function buildNetwork(plan: LabPlan): void {
  for (const netns of namespaces(plan)) {
    run('ip', ['netns', 'add', netns]);
    quieten(netns);
    batch(netns, ['link set lo up']);
  }
  buildUplink(plan);
  buildBridge(plan);
  for (const pod of plan.pods) if (pod.hostInterface !== null) wirePod(plan, pod, pod.hostInterface);
  for (const service of plan.services) translateService(plan, service);
  masquerade(plan);
  for (const command of ['iptables', 'ip6tables']) {
    runIn(plan.node.netns, command, [
      '-A',
      'FORWARD',
      '-p',
      'tcp',
      '--dport',
      String(FORBIDDEN_PORT),
      '-j',
      'DROP',
    ]);
  }
}

/** Removes what buildNetwork made; links, rules and addresses go with their namespace. */
export function removeNetwork(names: readonly string[]): void {
  const present = new Set(
    run('ip', ['netns', 'list'])
      .split('\n')
      .map((line) => line.split(' ')[0]),
  );
  for (const netns of names) if (present.has(netns)) run('ip', ['netns', 'del', netns]);
}

/** Runs lines of iproute2's batch language in a namespace. */
export function batch(netns: string, lines: readonly string[]): void {
  run('ip', ['-n', netns, '-batch', '-'], `${lines.join('\n')}\n`);
}

function sysctl(netns: string, settings: Readonly<Record<string, string>>): void {
  runIn(netns, 'sysctl', ['-qw', ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)]);
}

/**
 * Keeps the kernel from sending packets of its own while tests count: no router solicitations, no duplicate address
 * detection, no redirects.
 */
export function quieten(netns: string): void {
  sysctl(netns, {
    'net.ipv6.conf.default.accept_dad': '0',
    'net.ipv6.conf.default.dad_transmits': '0',
    'net.ipv6.conf.default.router_solicitations': '0',
    'net.ipv6.conf.default.accept_ra': '0',
    'net.ipv4.conf.default.send_redirects': '0',
    'net.ipv4.conf.all.send_redirects': '0',
    'net.ipv4.conf.default.accept_redirects': '0',
  });
}

/** Neighbours stay valid once learned, for the same reason; the kernel has these settings for each interface alone. */
export function keepNeighbours(netns: string, name: string): void {
  const settings = ['ipv4', 'ipv6'].flatMap((family) => [
    [`net.${family}.neigh.${name}.base_reachable_time_ms`, '3600000'],
    [`net.${family}.neigh.${name}.delay_first_probe_time`, '3600'],
  ]);
  sysctl(netns, Object.fromEntries(settings) as Record<string, string>);
}

function assign(name: string, { ipv4, ipv6 }: Addresses, prefixes: readonly [number, number]): string[] {
  return [
    `addr add ${ipv4}/${prefixes[0]} dev ${name}`,
    `addr add ${ipv6}/${prefixes[1]} dev ${name} nodad`,
    `link set ${name} up`,
  ];
}

function buildUplink({ node, outside }: LabPlan): void {
  batch(node.netns, [`link add ${UPLINK} type veth peer name ${UPLINK} netns ${outside.netns}`]);
  batch(outside.netns, assign(UPLINK, outside.addresses, [24, 64]));
  batch(node.netns, [
    ...assign(UPLINK, node.addresses, [24, 64]),
    `route add default via ${outside.addresses.ipv4} dev ${UPLINK}`,
    `route add default via ${outside.addresses.ipv6} dev ${UPLINK}`,
  ]);
  for (const { netns } of [node, outside]) keepNeighbours(netns, UPLINK);
}

function buildBridge({ node, bridge }: LabPlan): void {
  batch(node.netns, [
    // A fixed address, or the bridge takes the lowest of its ports' and changes it when one joins.
    `link add ${bridge.name} address 0a:58:0a:f4:00:01 type bridge mcast_snooping 0`,
    ...assign(bridge.name, bridge.addresses, [24, 64]),
  ]);
  keepNeighbours(node.netns, bridge.name);
  sysctl(node.netns, {
    'net.ipv4.ip_forward': '1',
    'net.ipv6.conf.all.forwarding': '1',
    // Answers of a backend on the same bridge never leave it: without these nobody undoes the translation.
    'net.bridge.bridge-nf-call-iptables': '1',
    'net.bridge.bridge-nf-call-ip6tables': '1',
  });
}

function wirePod({ node, bridge }: LabPlan, pod: PodPlan, hostInterface: string): void {
  batch(node.netns, [
    `link add ${hostInterface} type veth peer name ${UPLINK} netns ${pod.netns}`,
    `link set ${hostInterface} addrgenmode none`,
    `link set ${hostInterface} master ${bridge.name} up`,
  ]);
  run('bridge', ['-n', node.netns, 'link', 'set', 'dev', hostInterface, 'hairpin', 'on']);
  batch(pod.netns, [
    ...assign(UPLINK, pod.addresses, [24, 64]),
    `route add default via ${bridge.addresses.ipv4}`,
    `route add default via ${bridge.addresses.ipv6}`,
  ]);
  keepNeighbours(pod.netns, UPLINK);
}

/** kube-proxy's way: each backend in turn with its share of what is left. */
function translateService(plan: LabPlan, service: ServicePlan): void {
  const targets = backends(plan, service);
  for (const chain of ['PREROUTING', 'OUTPUT']) {
    for (const port of service.ports) {
      for (const [index, target] of targets.entries()) {
        const share = targets.length - index;
        const choose =
          share === 1 ? [] : ['-m', 'statistic', '--mode', 'nth', '--every', String(share), '--packet', '0'];
        const rule = (address: string, destination: string): string[] => [
          ...['-t', 'nat', '-A', chain, '-d', address, '-p', port.protocol.toLowerCase()],
          ...['--dport', String(port.port), ...choose, '-j', 'DNAT', '--to-destination', destination],
        ];
        runIn(
          plan.node.netns,
          'iptables',
          rule(service.addresses.ipv4, `${target.addresses.ipv4}:${port.targetPort}`),
        );
        runIn(
          plan.node.netns,
          'ip6tables',
          rule(service.addresses.ipv6, `[${target.addresses.ipv6}]:${port.targetPort}`),
        );
      }
    }
  }
}

/** Traffic that leaves the pod range takes the node's address. */
function masquerade({ node }: LabPlan): void {
  for (const [command, range] of [
    ['iptables', POD_RANGE.ipv4],
    ['ip6tables', POD_RANGE.ipv6],
  ] as const) {
    runIn(node.netns, command, [
      '-t',
      'nat',
      '-A',
      'POSTROUTING',
      '-s',
      range,
      '!',
      '-d',
      range,
      '-j',
      'MASQUERADE',
    ]);
  }
}
