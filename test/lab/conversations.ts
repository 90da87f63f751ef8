/** One conversation of each kind that there is in a lab. */
import { runIn } from './commands.ts';
import type { Lab, Place } from './lab.ts';
import { exchange, ping, serve } from './traffic.ts';

const NODE_PORT = 30_080;
/** A Service whose one backend asks it, too. */
export const OWN_SERVICE = '10.96.0.30';
const BYTES = { send: 3000, receive: 5000 };

/** Everything that is asked, and NAT on the way to it. */
export async function prepareConversations(lab: Lab): Promise<void> {
  const place = (name: string): Place => lab.placeOf(lab.pod(name));
  translate(lab);
  for (const name of ['web-1', 'web-2']) await serve(lab, place(name), 8080, 8053);
  await serve(lab, lab.placeOf(lab.hostNetworkPod), 9100, 9101);
  await serve(lab, lab.outsidePlace, 9000, 9001);
  ping(lab, place('client'), lab.plan.outside.addresses.ipv4, 1);
  await lab.settle();
}

/** Local port of the client by what the conversation is. */
export function converse(lab: Lab): ReadonlyMap<string, number> {
  const asked = new Map<string, number>();
  const { node, outside, services } = lab.plan;
  const service = services[0]?.addresses ?? { ipv4: '', ipv6: '' };
  const place = (name: string): Place => lab.placeOf(lab.pod(name));
  const host = lab.placeOf(lab.hostNetworkPod);
  const ask = (what: string, from: Place, address: string, port: number): void => {
    asked.set(what, exchange(lab, from, { address, port }, BYTES));
  };
  ask('pod to pod of its node', place('client'), lab.pod('web-1').addresses.ipv4, 8080);
  ask('pod to pod of its node, IPv6', place('client'), lab.pod('web-2').addresses.ipv6, 8080);
  ask('pod to Service', place('client'), service.ipv4, 80);
  ask('pod to Service, IPv6', place('client'), service.ipv6, 80);
  ask('pod to itself through its Service', place('web-1'), OWN_SERVICE, 80);
  ask('pod to outside', place('client'), outside.addresses.ipv4, 9000);
  ask('pod to outside, IPv6', place('client'), outside.addresses.ipv6, 9000);
  ask('outside to NodePort', lab.outsidePlace, node.addresses.ipv4, NODE_PORT);
  ask('outside to hostNetwork pod', lab.outsidePlace, node.addresses.ipv4, 9100);
  ask('pod to hostNetwork pod', place('client'), node.addresses.ipv4, 9100);
  ask('hostNetwork pod to Service', host, service.ipv4, 80);
  ask('node to pod', lab.nodePlace, lab.pod('web-1').addresses.ipv4, 8080);
  ask('node to hostNetwork pod', lab.nodePlace, node.addresses.ipv4, 9100);
  return asked;
}

function translate(lab: Lab): void {
  const { netns } = lab.plan.node;
  const web1 = lab.pod('web-1').addresses.ipv4;
  const web2 = lab.pod('web-2').addresses.ipv4;
  const nat = (...rule: string[]): string => runIn(netns, 'iptables', ['-t', 'nat', '-I', ...rule]);
  const toWeb = (target: string): string[] => ['-j', 'DNAT', '--to-destination', `${target}:8080`];
  nat('PREROUTING', '-d', OWN_SERVICE, '-p', 'tcp', '--dport', '80', ...toWeb(web1));
  nat('POSTROUTING', '-s', web1, '-d', web1, '-j', 'MASQUERADE');
  nat('PREROUTING', '-p', 'tcp', '--dport', String(NODE_PORT), ...toWeb(web2));
}
