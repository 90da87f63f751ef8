/** The lab as a small shop with steady traffic: what the demo shows. */
import { fileURLToPath } from 'node:url';
import type { Lab, Place } from './lab.ts';
import { FORBIDDEN_PORT } from './plan.ts';
import { serve } from './traffic.ts';

const SHOPPER = fileURLToPath(new URL('programs/shopper.ts', import.meta.url));

/** Traffic at about 40 packets a second in all, until the lab is closed. */
export async function openShop(lab: Lab): Promise<void> {
  const web = ['web-1', 'web-2'].map((name) => lab.pod(name));
  await Promise.all([
    ...web.map((pod) => serve(lab, lab.placeOf(pod), 8080, 8053)),
    serve(lab, lab.outsidePlace, 443, 9001),
    serve(lab, lab.placeOf(lab.hostNetworkPod), 9100, 9101),
  ]);
  const service = lab.plan.services[0]?.addresses;
  if (!service) throw new Error('the plan has no Service');
  const outside = lab.plan.outside.addresses;
  shop(lab, lab.placeOf(lab.pod('client')), 400, [
    `tcp,${service.ipv4},80,1,300,9000`,
    `tcp,${service.ipv6},80,3,300,9000`,
    `udp,${service.ipv4},53,2,60`,
    `tcp,${outside.ipv4},443,4,800,24000`,
    `stream,${web[0]?.addresses.ipv4 ?? ''},8080,3,40,1200`,
    `tcp,${lab.plan.node.addresses.ipv4},9100,8,100,4000`,
    `echo,${outside.ipv4},0,8`,
  ]);
  shop(lab, lab.placeOf(lab.hostNetworkPod), 1000, [
    `tcp,${service.ipv4},80,1,200,2000`,
    `tcp,${outside.ipv6},443,3,400,6000`,
  ]);
  shop(lab, lab.placeOf(lab.pod('broken')), 1500, [
    `tcp,${web[1]?.addresses.ipv4 ?? ''},8081,1,0,0`,
    `tcp,${web[1]?.addresses.ipv4 ?? ''},${FORBIDDEN_PORT},2,0,0`,
  ]);
}

function shop(lab: Lab, place: Place, milliseconds: number, destinations: readonly string[]): void {
  lab.spawn(place, process.execPath, [SHOPPER, String(milliseconds), ...destinations]);
}
