/** More new connections than the kernel keeps word of: the ledger says so, and the table that is listed then joins them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { delay, runIn } from './commands.ts';
import { Lab } from './lab.ts';
import { Observation, SHIPPED_COMMAND } from './observe.ts';
import { ping } from './traffic.ts';
import { PacketCounters } from './truth/packetCounters.ts';

const SPRAY = fileURLToPath(new URL('programs/udpSpray.ts', import.meta.url));
const SERVICE = '10.96.0.40';
/** What waits for an agent that does not read fills its 16 MB before that. */
const CONNECTIONS = 40_000;
/** New connections a millisecond. */
const PACE = 10;

describe('NAT while the agent stands still', () => {
  let lab: Lab;

  before(async function () {
    this.timeout(60_000);
    lab = await Lab.build();
    const web = lab.pod('web-1');
    runIn(
      lab.plan.node.netns,
      'nft',
      ['-f', '-'],
      `table ip lab_services { chain services { type nat hook prerouting priority -110;
        ip daddr ${SERVICE} udp dport 10000-60000 dnat to ${web.addresses.ipv4}; }; }`,
    );
    // A queue for a neighbour that is not known yet is short.
    for (const address of [lab.plan.bridge.addresses.ipv4, web.addresses.ipv4]) {
      ping(lab, lab.placeOf(lab.pod('client')), address, 1);
    }
    // Nobody listens, and nobody says so.
    const silent = ['-p', 'udp', '--dport', '10000:60000', '-j', 'DROP'];
    runIn(web.netns, 'iptables', ['-t', 'raw', '-A', 'PREROUTING', ...silent]);
  });

  after(async () => {
    await lab.close();
  });

  it('has each connection once in the end, and an overrun in the ledger', async function () {
    this.timeout(120_000);
    const veth = lab.pod('client').hostInterface ?? '';
    const counters = new PacketCounters(lab.plan.node.netns, 'truth', [veth], {
      sprayed: `ip daddr ${SERVICE}`,
    });
    const more = ['--max-flows', '200000'];
    const observation = await Observation.start(lab, 60, SHIPPED_COMMAND, more);
    process.kill(observation.pid, 'SIGSTOP');
    const args = [SPRAY, SERVICE, '1', String(CONNECTIONS), String(PACE)];
    const child = lab.spawn(lab.placeOf(lab.pod('client')), process.execPath, args);
    child.stdout?.resume();
    await once(child, 'exit');
    process.kill(observation.pid, 'SIGCONT');
    // The table is listed after the interval that found the overrun, and joins in the next one.
    await delay(5000);
    const sent = counters.read().of('sprayed', veth, 'ingress').packets;
    const { flows, ledger } = await observation.interrupt();
    const { joinedLate, overruns, evicted } = ledger.nat;
    console.log(
      `      ${sent} connections, ${overruns} overruns, ${joinedLate} joined late, ${evicted} evicted`,
    );
    assert.ok(overruns > 0);
    assert.deepEqual([ledger.mapFull, ledger.folded], [0, 0]);
    const client = lab.pod('client').addresses.ipv4;
    const sprayed = flows.filter((flow) => flow.protocol === 'udp' && flow.client.address === client);
    assert.equal(sprayed.length, sent);
    assert.equal(
      sprayed.reduce((sum, flow) => sum + flow.sent.packets, 0),
      sent,
    );
    assert.ok(joinedLate > 0 && joinedLate < sent);
    assert.deepEqual(
      sprayed.filter(({ nat, server }) => nat[0]?.from !== `${SERVICE}:${server.port}`),
      [],
    );
  });
});
