/** Thousands of new connections a second through a Service: each one flow, whatever the kernel had no room to tell. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { runIn } from './commands.ts';
import { Lab } from './lab.ts';
import { Observation, SHIPPED_COMMAND } from './observe.ts';
import { ping } from './traffic.ts';
import { PacketCounters } from './truth/packetCounters.ts';

const SPRAY = fileURLToPath(new URL('programs/udpSpray.ts', import.meta.url));
const SERVICE = '10.96.0.40';
const CONNECTIONS = 20_000;
/** New connections a millisecond. */
const PACE = 5;

describe('NAT at 5,000 new connections a second', () => {
  let lab: Lab;

  before(async function () {
    this.timeout(60_000);
    lab = await Lab.build();
    const web = lab.pod('web-1');
    const range = ['-p', 'udp', '--dport', '10000:60000', '-j'];
    const toWeb = ['DNAT', '--to-destination', web.addresses.ipv4];
    runIn(lab.plan.node.netns, 'iptables', [
      '-t',
      'nat',
      '-I',
      'PREROUTING',
      '-d',
      SERVICE,
      ...range,
      ...toWeb,
    ]);
    // A queue for a neighbour that is not known yet is short.
    for (const address of [lab.plan.bridge.addresses.ipv4, web.addresses.ipv4]) {
      ping(lab, lab.placeOf(lab.pod('client')), address, 1);
    }
    // Nobody listens, and nobody says so.
    runIn(web.netns, 'iptables', ['-t', 'raw', '-A', 'PREROUTING', ...range, 'DROP']);
  });

  after(async () => {
    await lab.close();
  });

  it('has a flow with its Service’s address for each, and none twice', async function () {
    this.timeout(120_000);
    const veth = lab.pod('client').hostInterface ?? '';
    const counters = new PacketCounters(lab.plan.node.netns, 'truth', [veth], {
      sprayed: `ip daddr ${SERVICE}`,
    });
    const observation = await Observation.start(lab, 60, SHIPPED_COMMAND);
    const args = [SPRAY, SERVICE, '1', String(CONNECTIONS), String(PACE)];
    const child = lab.spawn(lab.placeOf(lab.pod('client')), process.execPath, args);
    child.stdout?.resume();
    await once(child, 'exit');
    const sent = counters.read().of('sprayed', veth, 'ingress').packets;
    const { flows, ledger } = await observation.interrupt();
    const { joinedLate, overruns, evicted } = ledger.nat;
    console.log(`      ${joinedLate} joined late, ${overruns} overruns, ${evicted} evicted`);
    const client = lab.pod('client').addresses.ipv4;
    const sprayed = flows.filter((flow) => flow.protocol === 'udp' && flow.client.address === client);
    assert.deepEqual([ledger.mapFull, ledger.folded], [0, 0]);
    assert.ok(sent > 0.9 * CONNECTIONS);
    assert.equal(sprayed.length, sent);
    assert.equal(
      sprayed.reduce((sum, flow) => sum + flow.sent.packets, 0),
      sent,
    );
    for (const { nat, server } of sprayed) {
      assert.deepEqual(nat, [
        { kind: 'dnat', from: `${SERVICE}:${server.port}`, to: `${server.address}:${server.port}` },
      ]);
    }
    assert.equal(new Set(sprayed.map(({ server }) => server.port)).size, sent);
  });

  it('has conntrack say who began each that it does not translate, some at a time', async function () {
    this.timeout(120_000);
    const web = lab.pod('web-1').addresses.ipv4;
    const observation = await Observation.start(lab, 60, SHIPPED_COMMAND);
    const args = [SPRAY, web, '1', String(CONNECTIONS), String(PACE)];
    const child = lab.spawn(lab.placeOf(lab.pod('client')), process.execPath, args);
    child.stdout?.resume();
    await once(child, 'exit');
    const { flows, ledger } = await observation.interrupt();
    const { initiatorsAsked, initiatorsTold } = ledger.nat;
    console.log(`      asked for ${initiatorsAsked}, told of ${initiatorsTold}`);
    const client = lab.pod('client').addresses.ipv4;
    const sprayed = flows.filter(({ protocol, server }) => protocol === 'udp' && server.address === web);
    assert.ok(sprayed.length > 0.9 * CONNECTIONS);
    assert.deepEqual(
      sprayed.filter((flow) => flow.client.address !== client || flow.initiator !== 'certain'),
      [],
    );
    assert.ok(initiatorsTold >= sprayed.length);
  });
});
