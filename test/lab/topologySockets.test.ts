/** The sockets that `vethscope-agent topology` lists, against ss. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from '../../agent/src/server/testClient.fixture.ts';
import type { SocketEntry, Topology } from '../../src/model/topology.ts';
import { runIn } from './commands.ts';
import { Lab } from './lab.ts';
import { agent } from './observe.ts';
import { hold, serve } from './traffic.ts';
import { portOf, serveArguments, TOKEN } from './servedAgent.ts';
import type { HeldConnection } from './traffic.ts';

const SS_STATES: Readonly<Record<string, string>> = {
  LISTEN: 'listen',
  UNCONN: 'unconnected',
  ESTAB: 'established',
  'TIME-WAIT': 'time-wait',
};

describe('sockets of the topology', () => {
  let lab: Lab;
  let held: HeldConnection;
  let topology: Topology;

  before(async function () {
    this.timeout(60_000);
    lab = await Lab.build();
    const [client, web] = [lab.placeOf(lab.pod('client')), lab.placeOf(lab.pod('web-1'))];
    await serve(lab, web, 8080, 8053);
    await serve(lab, lab.placeOf(lab.hostNetworkPod), 9100, 9101);
    await serve(lab, lab.nodePlace, 9200, 9201);
    held = await hold(
      lab,
      client,
      { address: lab.pod('web-1').addresses.ipv4, port: 8080 },
      { send: 1, receive: 1 },
    );
    const args = ['--netns', lab.plan.node.netns, '--inventory', lab.inventory, '--output', 'json'];
    const { status, output, messages } = agent(['topology', ...args]);
    assert.equal(status, 0, messages);
    assert.equal(messages, '');
    topology = JSON.parse(output) as Topology;
  });

  after(async () => {
    await held.close();
    await lab.close();
  });

  const inodeOf = (netns: string): number => Number(runIn(netns, 'stat', ['-Lc', '%i', '/proc/self/ns/net']));

  const socketsOf = (netns: string): readonly SocketEntry[] => {
    const inode = inodeOf(netns);
    return topology.namespaces.find((namespace) => namespace.inode === inode)?.sockets ?? [];
  };

  /** `*` is any address of either family there, and no port. */
  const plain = (text: string): string =>
    text.replace(/^(\*|0\.0\.0\.0|\[::\]):/, '*:').replace(/:\*$/, ':0');

  const text = ({ protocol, local, remote, state, cgroup }: SocketEntry): string =>
    [protocol, state, plain(local), plain(remote), cgroup].join(' ');

  function bySs(netns: string): string[] {
    return runIn(netns, 'ss', ['-H', '-n', '-t', '-u', '-a', '--cgroup'])
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [protocol, state = '', , , local = '', remote = ''] = line.split(/\s+/);
        const cgroup = /cgroup:(\S+)/.exec(line)?.[1] ?? '';
        // Of IPv4 in an IPv6 socket ss says so.
        const unmapped = (end: string): string => plain(end.replace(/^\[::ffff:([\d.]+)\]/, '$1'));
        return [protocol, SS_STATES[state], unmapped(local), unmapped(remote), cgroup].join(' ');
      });
  }

  it('are those that ss lists in each namespace, with state and cgroup', () => {
    let sockets = 0;
    for (const netns of [lab.plan.node.netns, lab.pod('client').netns, lab.pod('web-1').netns]) {
      const listed = socketsOf(netns).map(text).sort();
      assert.deepEqual(listed, bySs(netns).sort(), netns);
      sockets += listed.length;
    }
    assert.ok(sockets >= 8, `${sockets} sockets`);
  });

  it('are listed by a running agent, of one namespace when it is asked', async function () {
    this.timeout(60_000);
    const agent = spawn(process.execPath, serveArguments(lab), { stdio: ['ignore', 'pipe', 'inherit'] });
    const client = connect(await portOf(agent), TOKEN);
    try {
      for (const netns of [lab.plan.node.netns, lab.pod('client').netns, lab.pod('web-1').netns]) {
        const { socketsJson } = await client.agent.listSockets({ netns: BigInt(inodeOf(netns)) });
        const listed = (JSON.parse(socketsJson) as SocketEntry[]).map(text).sort();
        assert.deepEqual(listed, bySs(netns).sort(), netns);
        assert.ok(listed.length > 0, netns);
      }
      await assert.rejects(client.agent.listSockets({ netns: 1n }), /namespace 1 is gone/);
    } finally {
      client.close();
      const exit = once(agent, 'exit');
      agent.kill('SIGTERM');
      await exit;
    }
  });

  it('have pod and container, in the node’s own namespace, too, and a process of the node has none', () => {
    const owner = (netns: string, protocol: string, port: number): unknown =>
      socketsOf(netns)
        .filter(({ protocol: own, local }) => own === protocol && local.endsWith(`:${port}`))
        .map(({ pod, container }) => [pod?.name, container])[0];
    const web = lab.pod('web-1');
    const host = lab.hostNetworkPod;
    for (const [protocol, offset] of [
      ['tcp', 0],
      ['udp', 1],
    ] as const) {
      assert.deepEqual(owner(host.netns, protocol, 9100 + offset), [host.name, host.container]);
      assert.deepEqual(owner(host.netns, protocol, 9200 + offset), [undefined, null]);
    }
    assert.deepEqual(owner(web.netns, 'tcp', 8080), [web.name, web.container]);
    const client = lab.pod('client');
    assert.deepEqual(owner(client.netns, 'tcp', held.localPort), [client.name, client.container]);
  });
});
