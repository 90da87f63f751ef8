/** IANA's numbers. */

export const ETHERTYPE = {
  ipv4: 0x0800,
  arp: 0x0806,
  teb: 0x6558,
  vlan: 0x8100,
  qinq: 0x88a8,
  ipv6: 0x86dd,
  rarp: 0x8035,
  lldp: 0x88cc,
} as const;

export const PROTOCOL = {
  hopByHop: 0,
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  dccp: 33,
  routing: 43,
  fragment: 44,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  noNext: 59,
  destinationOptions: 60,
  ospf: 89,
  pim: 103,
  sctp: 132,
  udplite: 136,
} as const;

export const PORT = { vxlan: 4789, vxlanLinux: 8472, geneve: 6081 } as const;
