/** The lab's mixed load: what passes where, at which rate. */
import { fileURLToPath } from 'node:url';
import { runIn } from '../lab/commands.ts';
import { MACVLAN_ADDRESS, TUN_RANGE } from '../lab/extras.ts';
import type { Tunnel } from '../lab/extras.ts';
import type { Lab, Place } from '../lab/lab.ts';
import { nativeProgram } from '../lab/nativePrograms.ts';
import { serve } from '../lab/traffic.ts';
import { ended } from './load.ts';
import type { Load } from './load.ts';

const program = (name: string): string =>
  fileURLToPath(new URL(`../lab/programs/${name}.ts`, import.meta.url));

/** TCP ports for short connections: a port of its own for each 28,000 of them in TIME_WAIT. */
const SHORT = { port: 20_000, ports: 16 } as const;
/** UDP ports that nobody serves: each datagram is a flow, most of them answered by an ICMP error at a bounded rate. */
const NOBODY = { port: 30_000, ports: 64 } as const;
const BULK_BYTES = 20_000_000;

/** Lets the lab answer, and forget its unfinished fragments soon: their ICMP errors must not come when all is over. */
export async function prepareLoad(lab: Lab): Promise<void> {
  const servers: Place[] = [lab.outsidePlace, lab.placeOf(lab.pod('web-1')), lab.placeOf(lab.pod('web-2'))];
  for (const place of servers) {
    await serve(lab, place, 8080, 8053);
    lab
      .spawn(place, nativeProgram('shortFlows'), ['serve', String(SHORT.port), String(SHORT.ports)])
      .stdout?.resume();
  }
  const namespaces = [lab.plan.node.netns, ...new Set(servers.map(({ netns }) => netns))];
  for (const netns of namespaces) {
    runIn(netns, 'sysctl', ['-qw', 'net.ipv4.ipfrag_time=2', 'net.ipv6.ip6frag_time=2']);
  }
}

/** Flows a second, of TCP and UDP each; raw frames too. */
export function startLoad(load: Load, lab: Lab, tunnels: readonly Tunnel[], perSecond: number): void {
  const client = lab.placeOf(lab.pod('client'));
  const broken = lab.placeOf(lab.pod('broken'));
  const { outside } = lab.plan;
  const web = lab.pod('web-1');
  const service = lab.plan.services[0]?.addresses ?? web.addresses;

  const bulkTargets: [Place, string, number][] = [
    [client, outside.addresses.ipv4, 8080],
    [client, outside.addresses.ipv6, 8080],
    [client, service.ipv4, 80],
    [client, service.ipv6, 80],
    [lab.nodePlace, web.addresses.ipv4, 8080],
    ...tunnels.flatMap(({ outside: far }): [Place, string, number][] => [
      [lab.nodePlace, far.ipv4, 8080],
      [client, far.ipv6, 8080],
    ]),
  ];
  load.repeat('bulk', async (round) => {
    const [place, address, port] = bulkTargets[round % bulkTargets.length] ?? [client, service.ipv4, 80];
    const sizes = [String(BULK_BYTES), String(BULK_BYTES / 10)];
    await node(lab, place, 'tcpClient', [address, String(port), ...sizes]);
  });

  const shortTargets = [
    web.addresses.ipv4,
    outside.addresses.ipv6,
    outside.addresses.ipv4,
    web.addresses.ipv6,
  ];
  for (const kind of ['tcp', 'udp'] as const) {
    const { port, ports } = kind === 'tcp' ? SHORT : NOBODY;
    load.repeat(`short ${kind}`, async (round) => {
      const address = shortTargets[round % shortTargets.length] ?? '';
      const numbers = [port, ports, 2 * perSecond, perSecond].map(String);
      await run(lab, client, nativeProgram('shortFlows'), [kind, address, ...numbers]);
    });
  }

  const macs = [macOf(web.netns, 'eth0'), macOf(lab.plan.node.netns, 'cni0'), 'ff:ff:ff:ff:ff:ff'];
  const uplink = macOf(lab.plan.node.netns, 'eth0');
  load.repeat('raw frames', async (round) => {
    const place = round % 2 === 0 ? broken : lab.outsidePlace;
    const mac = round % 2 === 0 ? (macs[(round / 2) % macs.length] ?? '') : uplink;
    await run(lab, place, nativeProgram('rawFrames'), [
      'eth0',
      mac,
      String(2 * perSecond),
      String(perSecond),
    ]);
  });

  const pinged = [
    [client, outside.addresses.ipv4],
    [client, outside.addresses.ipv6],
    [lab.placeOf(web), lab.pod('client').addresses.ipv4],
    [lab.nodePlace, '127.0.0.1'],
    [lab.outsidePlace, MACVLAN_ADDRESS],
    [lab.nodePlace, TUN_RANGE.address],
    ...tunnels.map(({ outside: far }) => [lab.nodePlace, far.ipv6] as const),
  ] as const;
  load.repeat('echoes, small and in fragments', async (round) => {
    const [place, address] = pinged[round % pinged.length] ?? [client, '127.0.0.1'];
    const size = round % 3 === 0 ? '56' : '4000';
    // Nobody answers in the tun.
    await run(
      lab,
      place,
      'busybox',
      ['ping', '-q', '-A', '-c', '50', '-w', '1', '-s', size, address],
      [0, 1],
    );
  });
  load.repeat('large datagrams', async (round) => {
    const address = round % 2 === 0 ? outside.addresses.ipv4 : outside.addresses.ipv6;
    await node(lab, client, 'udpSender', [address, '8053', '300', '6000', '0', 'echo']);
  });
  load.repeat('refused', async () => {
    const numbers = ['81', '8', '40', '40'];
    await run(lab, broken, nativeProgram('shortFlows'), ['tcp', web.addresses.ipv4, ...numbers]);
  });
}

/** As many new flows at once as the kernel takes, in one go. */
export function burst(lab: Lab, flows: number): Promise<void> {
  const { addresses } = lab.plan.outside;
  const numbers = [NOBODY.port, NOBODY.ports, flows, 20_000].map(String);
  return run(lab, lab.placeOf(lab.pod('client')), nativeProgram('shortFlows'), [
    'udp',
    addresses.ipv4,
    ...numbers,
  ]);
}

/** A moment of a new pod's life: connections and frames of all kinds, and a stream that is cut off by its end. */
export async function podLoad(lab: Lab, place: Place): Promise<void> {
  const numbers = [SHORT.port, SHORT.ports, 100, 200].map(String);
  const bridge = macOf(lab.plan.node.netns, 'cni0');
  const { addresses } = lab.pod('web-2');
  await Promise.all([
    run(lab, place, nativeProgram('shortFlows'), ['tcp', addresses.ipv4, ...numbers]),
    run(lab, place, nativeProgram('rawFrames'), ['eth0', bridge, '200', '400']),
    run(lab, place, 'busybox', ['ping', '-q', '-A', '-c', '20', '-w', '1', addresses.ipv6], [0, 1]),
  ]);
}

function node(lab: Lab, place: Place, name: string, args: readonly string[]): Promise<void> {
  return run(lab, place, process.execPath, [program(name), ...args]);
}

function run(
  lab: Lab,
  place: Place,
  command: string,
  args: readonly string[],
  statuses?: readonly number[],
): Promise<void> {
  return ended(lab.spawn(place, command, args), `${command} ${args.join(' ')}`, statuses);
}

function macOf(netns: string, name: string): string {
  const [link] = JSON.parse(runIn(netns, 'ip', ['-j', 'link', 'show', name])) as { address: string }[];
  if (!link) throw new Error(`${netns} has no interface ${name}`);
  return link.address;
}
