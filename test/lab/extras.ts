/**
 * Devices beyond veth and bridge, between the lab's node and the host outside: VXLAN on three ports, a macvlan and a tun.
 * What else there is (VLAN sub-interfaces, GRE, SIT, IPIP, Geneve, dummy) this project's test kernels lack; their packets
 * come as raw frames (programs/rawFrames.c).
 */
import { run, runIn } from './commands.ts';
import type { Lab } from './lab.ts';
import { batch, keepNeighbours } from './network.ts';
import type { Addresses } from './plan.ts';
import { UPLINK } from './plan.ts';

/** A VXLAN device of the same name at both ends. */
export interface Tunnel {
  readonly name: string;
  readonly vni: number;
  /** UDP port. */
  readonly port: number;
  /** Family of the outer packets. */
  readonly underlay: keyof Addresses;
  readonly node: Addresses;
  readonly outside: Addresses;
}

export const TUNNELS: readonly Tunnel[] = [
  tunnel('vxlan1', 1, 8472, 'ipv4'),
  tunnel('vxlan2', 2, 4789, 'ipv6'),
  tunnel('vxlan3', 3, 14_789, 'ipv4'),
];

/** Bytes that one VXLAN packet has beyond the frame in it: outer Ethernet, IP, UDP and VXLAN headers. */
export const TUNNEL_OVERHEAD = { ipv4: 14 + 20 + 8 + 8, ipv6: 14 + 40 + 8 + 8 } as const;

function tunnel(name: string, vni: number, port: number, underlay: keyof Addresses): Tunnel {
  const addresses = (host: number): Addresses => ({
    ipv4: `10.50.${vni}.${host}`,
    ipv6: `fd00:50:${vni}::${host}`,
  });
  return { name, vni, port, underlay, node: addresses(2), outside: addresses(1) };
}

/** Makes both ends, down and without addresses, so that counters can be put on them before anything passes. */
export function addTunnel(lab: Lab, { name, vni, port, underlay }: Tunnel): void {
  const { node, outside } = lab.plan;
  for (const [here, there] of [
    [node, outside],
    [outside, node],
  ] as const) {
    const [local, remote] = [here.addresses[underlay], there.addresses[underlay]];
    batch(here.netns, [
      `link add ${name} type vxlan id ${vni} local ${local} remote ${remote} dev ${UPLINK} dstport ${port}`,
      `link set ${name} addrgenmode none`,
    ]);
    keepNeighbours(here.netns, name);
  }
}

export function openTunnel(lab: Lab, { name, ...ends }: Tunnel): void {
  for (const end of ['node', 'outside'] as const) {
    batch(lab.plan[end].netns, [
      `addr add ${ends[end].ipv4}/24 dev ${name}`,
      `addr add ${ends[end].ipv6}/64 dev ${name} nodad`,
      `link set ${name} up`,
    ]);
  }
}

export function removeTunnel(lab: Lab, { name }: Tunnel): void {
  for (const { netns } of [lab.plan.node, lab.plan.outside]) run('ip', ['-n', netns, 'link', 'del', name]);
}

/** Address of the node on its macvlan, and a range that leads into its tun. */
export const MACVLAN_ADDRESS = '172.31.0.3';
export const TUN_RANGE = { route: '10.60.0.0/24', address: '10.60.0.9' } as const;

/** A macvlan on the uplink, and a tun that nobody reads: what is sent there passes its egress and is dropped. */
export function addDevices(lab: Lab): void {
  const { netns } = lab.plan.node;
  // Else the uplink would answer ARP for the macvlan's address, and it would see nothing.
  runIn(netns, 'sysctl', ['-qw', 'net.ipv4.conf.all.arp_ignore=1']);
  batch(netns, [
    `link add macvlan0 link ${UPLINK} type macvlan mode bridge`,
    'link set macvlan0 addrgenmode none',
    `addr add ${MACVLAN_ADDRESS}/32 dev macvlan0`,
    'link set macvlan0 up',
    'tuntap add tun0 mode tun',
    'link set tun0 addrgenmode none',
    'link set tun0 up',
    `route add ${TUN_RANGE.route} dev tun0`,
  ]);
}
