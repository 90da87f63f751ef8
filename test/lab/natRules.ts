/** What kube-proxy would add for Services that the lab's plan does not have, in the form of iptables and of nftables. */
import { runIn } from './commands.ts';
import type { Lab } from './lab.ts';

export const SERVICE = {
  /** To web-1: TCP port 81, UDP port 53 and echoes. */
  nftables: '10.96.0.20',
  /** To web-1 alone, whoever asks: web-1 reaches itself. TCP port 80 and UDP port 53. */
  own: '10.96.0.30',
  ownByNftables: '10.96.0.31',
  /** Each client's connections to TCP port 80 go to one backend of two. */
  affine: '10.96.0.40',
  affineByNftables: '10.96.0.41',
} as const;
export const NODE_PORT = 30_080;

/** @param service IPv4 address of a Service whose echo requests go to web-1 */
export function addServices(lab: Lab, service: string): void {
  const { netns } = lab.plan.node;
  const web1 = lab.pod('web-1').addresses.ipv4;
  const web2 = lab.pod('web-2').addresses.ipv4;
  const nat = (...rule: string[]): string => runIn(netns, 'iptables', ['-t', 'nat', ...rule]);
  const prerouting = (...rule: string[]): string => nat('-I', 'PREROUTING', ...rule);
  const to = (target: string): string[] => ['-j', 'DNAT', '--to-destination', target];
  prerouting('-d', SERVICE.own, '-p', 'tcp', '--dport', '80', ...to(`${web1}:8080`));
  prerouting('-d', SERVICE.own, '-p', 'udp', '--dport', '53', ...to(`${web1}:8053`));
  prerouting('-p', 'tcp', '--dport', String(NODE_PORT), ...to(`${web2}:8080`));
  prerouting('-d', service, '-p', 'icmp', ...to(web1));
  nat('-I', 'POSTROUTING', '-s', web1, '-d', web1, '-j', 'MASQUERADE');
  nat('-I', 'POSTROUTING', '-s', lab.plan.outside.addresses.ipv4, '-d', web2, '-j', 'MASQUERADE');
  addAffinity(lab, nat);
  runIn(netns, 'nft', ['-f', '-'], nftables(web1, web2));
}

/** A backend's own chain remembers whom it served; the Service asks these first. */
function addAffinity(lab: Lab, nat: (...rule: string[]) => string): void {
  const backends = ['web-1', 'web-2'].map((name) => ({
    chain: `SEP-${name}`,
    recent: ['-m', 'recent', '--name', `${lab.plan.id}-${name}`, '--rsource'],
    target: `${lab.pod(name).addresses.ipv4}:8080`,
  }));
  for (const { chain, recent, target } of backends) {
    nat('-N', chain);
    nat('-A', chain, ...recent, '--set', '-p', 'tcp', '-j', 'DNAT', '--to-destination', target);
  }
  const asked = ['-A', 'PREROUTING', '-d', SERVICE.affine, '-p', 'tcp', '--dport', '80'];
  for (const { chain, recent } of backends) {
    nat(...asked, ...recent, '--rcheck', '--seconds', '10800', '--reap', '-j', chain);
  }
  const [first, second] = backends.map(({ chain }) => chain);
  const half = ['-m', 'statistic', '--mode', 'nth', '--every', '2', '--packet', '0'];
  nat(...asked, ...half, '-j', first ?? '');
  nat(...asked, '-j', second ?? '');
}

function nftables(web1: string, web2: string): string {
  const asked = `ip daddr ${SERVICE.affineByNftables} tcp dport 80`;
  return `table ip lab_services {
    set affinity1 { type ipv4_addr; flags dynamic,timeout; timeout 3h; }
    set affinity2 { type ipv4_addr; flags dynamic,timeout; timeout 3h; }
    chain endpoint1 { update @affinity1 { ip saddr }
      meta l4proto tcp dnat to ${web1}:8080; }
    chain endpoint2 { update @affinity2 { ip saddr }
      meta l4proto tcp dnat to ${web2}:8080; }
    chain services { type nat hook prerouting priority -110;
      ${asked} ip saddr @affinity1 goto endpoint1
      ${asked} ip saddr @affinity2 goto endpoint2
      ${asked} numgen inc mod 2 0 goto endpoint1
      ${asked} goto endpoint2
      ip daddr ${SERVICE.nftables} tcp dport 81 dnat to ${web1}:8080
      ip daddr ${SERVICE.nftables} udp dport 53 dnat to ${web1}:8053
      ip daddr ${SERVICE.nftables} icmp type echo-request dnat to ${web1}
      ip daddr ${SERVICE.ownByNftables} tcp dport 80 dnat to ${web1}:8080; }
    chain masquerading { type nat hook postrouting priority 90;
      ip saddr ${web1} ip daddr ${web1} masquerade; }
  }`;
}
