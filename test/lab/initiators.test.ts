/** Who asked, where neither a SYN nor the ports tell: connection tracking knows, also of what it does not translate. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Flow } from '../../src/model/flow.ts';
import { delay, runIn, until } from './commands.ts';
import { Lab } from './lab.ts';
import type { Place } from './lab.ts';
import { Observation } from './observe.ts';
import type { Observed } from './observe.ts';
import { hold, sendDatagrams, serve } from './traffic.ts';
import { connections } from './truth/connections.ts';

/** Above any port that a client gets: by the ports, each server here would be taken for the client. */
const SERVED = { tcp: 61_000, udp: 61_001, pickedUp: 61_002 } as const;
const CLIENT_UDP = { before: 42_004, during: 42_005 } as const;

describe('initiators', () => {
  let lab: Lab;
  let observed: Observed;
  let older = 0;
  let pickedUp = 0;

  before(async function () {
    this.timeout(60_000);
    lab = await Lab.build();
    const client = lab.placeOf(lab.pod('client'));
    const web = lab.placeOf(lab.pod('web-1'));
    const address = lab.pod('web-1').addresses.ipv4;
    await serve(lab, web, SERVED.tcp, SERVED.udp);
    const connection = await hold(lab, client, { address, port: SERVED.tcp }, { send: 1, receive: 1 });
    older = connection.localPort;
    const datagrams = { address, port: SERVED.udp, count: 4, size: 50, echo: true };
    sendDatagrams(lab, client, { ...datagrams, localPort: CLIENT_UDP.before });
    const talking = await talk(client, web, address);
    pickedUp = talking.clientPort;

    const observation = await Observation.start(lab, 30);
    runIn(lab.plan.node.netns, 'conntrack', ['-D', '-p', 'tcp', '--dport', String(SERVED.pickedUp)]);
    await talking.answer();
    sendDatagrams(lab, client, { ...datagrams, localPort: CLIENT_UDP.before });
    sendDatagrams(lab, client, { ...datagrams, localPort: CLIENT_UDP.during });
    await connection.close();
    await delay(1500);
    // What connection tracking picked up has the server as its source.
    const [entry] = connections(lab.plan.node.netns).filter(
      ({ original }) => original.sourcePort === SERVED.pickedUp,
    );
    assert.equal(entry?.original.destinationPort, pickedUp);
    observed = await observation.interrupt();
    await talking.end();
  });

  after(async () => {
    await lab.close();
  });

  /** A connection over which the server can speak first. */
  async function talk(client: Place, web: Place, address: string): Promise<Talk> {
    const port = String(SERVED.pickedUp);
    const server = lab.spawn(web, 'busybox', ['nc', '-l', '-p', port]);
    const asks = lab.spawn(client, 'busybox', [
      'sh',
      '-c',
      `until nc ${address} ${port}; do sleep 0.1; done`,
    ]);
    const clientPort = await until('a connection to answer on', 10, () => {
      const found = connections(lab.plan.node.netns).find(
        ({ original, line }) =>
          original.destinationPort === SERVED.pickedUp &&
          line.includes(' ESTABLISHED ') &&
          line.includes('[ASSURED]'),
      );
      return found?.original.sourcePort ?? null;
    });
    let heard = '';
    asks.stdout?.setEncoding('utf8').on('data', (text: string) => (heard += text));
    return {
      clientPort,
      answer: async () => {
        server.stdin?.write('hello\n');
        await until('the client to hear it', 10, () => (heard === '' ? null : true));
      },
      end: async () => {
        server.stdin?.end();
        if (server.exitCode === null) await once(server, 'exit');
      },
    };
  }

  const flowOf = (port: number): Flow => {
    const [flow, ...others] = observed.flows.filter(
      ({ client, server }) => client.port === port || server.port === port,
    );
    assert.ok(flow, `a flow of port ${port}`);
    assert.deepEqual(others, []);
    return flow;
  };

  it('of a connection older than the session, against what its ports say', () => {
    const { client, server, initiator, tcp } = flowOf(older);
    assert.equal(tcp?.flags.includes('SYN'), false);
    assert.deepEqual([initiator, client.name, server.name], ['certain', 'client', 'web-1']);
    assert.deepEqual([client.port, server.port], [older, SERVED.tcp]);
  });

  for (const [when, port] of Object.entries(CLIENT_UDP)) {
    it(`of datagrams that began ${when} the session`, () => {
      const { client, server, initiator, sent, received } = flowOf(port);
      assert.deepEqual([initiator, client.name, server.name], ['certain', 'client', 'web-1']);
      assert.deepEqual([sent.packets, received.packets], [4, 4]);
    });
  }

  it('not of a connection that was picked up in its middle, where the first to speak was who answers', () => {
    assert.equal(flowOf(pickedUp).initiator, 'guessed');
  });

  it('and the ledger says how many were asked for and known', () => {
    const { initiatorsAsked, initiatorsTold } = observed.ledger.nat;
    assert.ok(
      initiatorsAsked > initiatorsTold && initiatorsTold >= 3,
      `${initiatorsTold} of ${initiatorsAsked}`,
    );
  });
});

interface Talk {
  readonly clientPort: number;
  answer(): Promise<void>;
  end(): Promise<void>;
}
