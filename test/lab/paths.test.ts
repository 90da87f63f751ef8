/** The way of each kind of conversation through the lab's wiring: what is expected at each point is what was seen there. */
import assert from 'node:assert/strict';
import type { FlowWithPath } from '../../src/model/path/flowPath.ts';
import { pathText } from '../../src/model/path/pathText.ts';
import { delay, runIn } from './commands.ts';
import { Lab } from './lab.ts';
import type { Place } from './lab.ts';
import { Observation } from './observe.ts';
import { exchange, ping, serve } from './traffic.ts';

const NODE_PORT = 30_080;
const OWN_SERVICE = '10.96.0.30';
const BYTES = { send: 3000, receive: 5000 };

describe('paths', () => {
  let lab: Lab;
  let flows: FlowWithPath[];

  before(async function () {
    this.timeout(120_000);
    lab = await Lab.build();
    const { node, outside, services } = lab.plan;
    const [client, web1, web2] = ['client', 'web-1', 'web-2'].map((name) => lab.placeOf(lab.pod(name))) as [
      Place,
      Place,
      Place,
    ];
    translate();
    for (const place of [web1, web2]) await serve(lab, place, 8080, 8053);
    await serve(lab, lab.placeOf(lab.hostNetworkPod), 9100, 9101);
    await serve(lab, lab.outsidePlace, 9000, 9001);
    ping(lab, client, outside.addresses.ipv4, 1);
    await lab.settle();
    const observation = await Observation.start(lab, 60, undefined, ['--paths', '--node', node.name]);
    const service = services[0]?.addresses ?? { ipv4: '', ipv6: '' };
    const ask = (place: Place, address: string, port: number): void => {
      exchange(lab, place, { address, port }, BYTES);
    };
    ask(client, lab.pod('web-1').addresses.ipv4, 8080);
    ask(client, lab.pod('web-2').addresses.ipv6, 8080);
    ask(client, service.ipv4, 80);
    ask(client, service.ipv6, 80);
    ask(web1, OWN_SERVICE, 80);
    ask(client, outside.addresses.ipv4, 9000);
    ask(client, outside.addresses.ipv6, 9000);
    ask(lab.outsidePlace, node.addresses.ipv4, NODE_PORT);
    ask(lab.outsidePlace, node.addresses.ipv4, 9100);
    ask(client, node.addresses.ipv4, 9100);
    ask(lab.placeOf(lab.hostNetworkPod), service.ipv4, 80);
    ask(lab.nodePlace, lab.pod('web-1').addresses.ipv4, 8080);
    ask(lab.nodePlace, node.addresses.ipv4, 9100);
    await delay(1000);
    const observed = await observation.interrupt();
    flows = observed.flows as FlowWithPath[];
  });

  after(async () => {
    await lab.close();
  });

  function translate(): void {
    const { netns } = lab.plan.node;
    const web1 = lab.pod('web-1').addresses.ipv4;
    const web2 = lab.pod('web-2').addresses.ipv4;
    const nat = (...rule: string[]): string => runIn(netns, 'iptables', ['-t', 'nat', '-I', ...rule]);
    const toWeb = (target: string): string[] => ['-j', 'DNAT', '--to-destination', `${target}:8080`];
    nat('PREROUTING', '-d', OWN_SERVICE, '-p', 'tcp', '--dport', '80', ...toWeb(web1));
    nat('POSTROUTING', '-s', web1, '-d', web1, '-j', 'MASQUERADE');
    nat('PREROUTING', '-p', 'tcp', '--dport', String(NODE_PORT), ...toWeb(web2));
  }

  it('everything was seen where it was expected, and nowhere else', () => {
    for (const flow of flows) {
      console.log(`${flow.client.name} > ${flow.server.name}:${flow.server.port} ${flow.verdict}`);
      console.log(pathText(flow.path));
    }
    const tcp = flows.filter(({ protocol }) => protocol === 'tcp');
    assert.ok(tcp.length >= 13);
    for (const flow of tcp) {
      const text = pathText(flow.path);
      assert.deepEqual(flow.path.unexpected, [], text);
      const points = [...flow.path.request.points, ...flow.path.reply.points];
      assert.deepEqual(
        points.filter(({ blank }) => blank?.kind === 'unexplained'),
        [],
        text,
      );
    }
  });
});
