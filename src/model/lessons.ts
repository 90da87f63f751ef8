/** How the parts of a node's network work: one sentence each, for every page that shows them. */
export const LESSONS = {
  namespace:
    'A network namespace is a network stack of its own, with its own interfaces, addresses, routes, firewall rules and sockets; it sees nothing of others.',
  veth: 'A veth pair is a cable with two ends: what goes in at one comes out at the other, also where they are in different namespaces.',
  move: 'An interface belongs to one namespace at a time; moved to another, it keeps its index and loses its addresses.',
  address:
    'An address belongs to an interface; its prefix length says who else is reached without a gateway.',
  bridge:
    'A bridge is a switch in the kernel: it passes frames between its ports by their MAC address, and takes only those that are addressed to itself.',
  route:
    'A route says by which interface, and over which gateway, packets for a range of addresses leave; the longest prefix that fits is taken.',
  tunnel:
    'A tunnel device wraps packets for pods of other nodes into packets between the nodes; the uplink sees only the wrapping.',
  uplink: 'The uplink is the node’s way to everything else: only what leaves or enters the node passes it.',
  loopback: 'Loopback carries what a namespace sends to itself.',
  dnat: 'DNAT replaces the destination address: a Service’s address by that of one of its pods. From there on nobody sees the Service’s address.',
  masquerade:
    'Masquerade (SNAT) replaces the source address by one of the node, so that the answer comes back to it; from there on nobody sees the pod’s address.',
  programs:
    'An eBPF program at an interface can send a packet straight to another one: bridge, routes and netfilter are not asked.',
  'host-network':
    'A pod with hostNetwork has no stack of its own: it uses the node’s, as the node’s own processes do.',
} as const;
export type Lesson = keyof typeof LESSONS;

/** What each is called where its lesson stands beside. */
export const LESSON_NAMES: Readonly<Record<Lesson, string>> = {
  namespace: 'Network namespace',
  veth: 'Veth pair',
  move: 'Move',
  address: 'Address',
  bridge: 'Bridge',
  route: 'Route',
  tunnel: 'Tunnel',
  uplink: 'Uplink',
  loopback: 'Loopback',
  dnat: 'DNAT',
  masquerade: 'Masquerade',
  programs: 'eBPF programs',
  'host-network': 'hostNetwork',
};
