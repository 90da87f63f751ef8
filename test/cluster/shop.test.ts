import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { inNode } from './inNode.ts';
import { addNftCounters } from './nftCounters.ts';
import type { Count, NftCounters } from './nftCounters.ts';
import { inPod, podNames, podPlace, podVeth } from './pods.ts';
import { addressOf } from './cluster.ts';
import { poll } from './poll.ts';
import { useShop } from './sharedCluster.ts';
import { SHOP_NAMESPACE } from './shop.ts';

describe('the shop', function () {
  this.timeout(60_000);
  const cluster = useShop();
  const isOver = (count: Count | undefined) => (count?.packets ?? 0) > 0;
  let counters: NftCounters | undefined;
  afterEach(async () => {
    await counters?.remove();
    counters = undefined;
  });

  it('has a backend of web on each node', async () => {
    const pods = await podNames(cluster(), SHOP_NAMESPACE, 'app=web');
    const places = await Promise.all(pods.map((pod) => podPlace(cluster(), SHOP_NAMESPACE, pod)));
    assert.deepEqual(places.map(({ node }) => node).sort(), ['node-a', 'node-b']);
  });

  it('has a client that talks to web, to the partner outside and to DNS', async () => {
    const veth = await podVeth(cluster(), SHOP_NAMESPACE, 'client');
    const outside = addressOf(cluster(), 'outside');
    counters = await addNftCounters(cluster(), 'node-a', veth, {
      web: 'ip daddr 10.96.0.0/16 tcp dport 80',
      stream: 'tcp dport 9000',
      partner: `ip daddr ${outside} tcp dport 80`,
      ping: `ip daddr ${outside} icmp type echo-request`,
      dns: 'udp dport 53',
    });
    const end = Date.now() + 20_000;
    const silent = async () =>
      Object.entries((await counters?.ingress()) ?? {}).flatMap(([kind, count]) =>
        isOver(count) ? [] : [kind],
      );
    let missing = await silent();
    while (missing.length > 0 && Date.now() < end) {
      await sleep(500);
      missing = await silent();
    }
    assert.deepEqual(missing, []);
  });

  it('falls silent on /tmp/pause', async () => {
    const veth = await podVeth(cluster(), SHOP_NAMESPACE, 'client');
    await inPod(cluster(), SHOP_NAMESPACE, 'client', ['touch', '/tmp/pause']);
    try {
      counters = await addNftCounters(cluster(), 'node-a', veth, { ip: 'meta protocol ip' });
      const packets = async () => (await counters?.ingress())?.ip?.packets ?? 0;
      const isSilent = async () => {
        const earlier = await packets();
        await sleep(2_500);
        return (await packets()) === earlier;
      };
      await poll('the client to fall silent', isSilent, { timeout: 15_000 });
    } finally {
      await inPod(cluster(), SHOP_NAMESPACE, 'client', ['rm', '/tmp/pause']);
    }
  });

  it('has a broken client: one Service refuses, one does not answer', async () => {
    const veth = await podVeth(cluster(), SHOP_NAMESPACE, 'broken');
    counters = await addNftCounters(cluster(), 'node-a', veth, {
      resets: 'tcp flags & rst == rst',
      fromStock: 'tcp sport 6379',
      toStock: 'tcp dport 6379',
    });
    await poll(
      'refused and unanswered attempts',
      async () => {
        const [sent, received] = [await counters?.ingress(), await counters?.egress()];
        return isOver(received?.resets) && isOver(sent?.toStock);
      },
      { timeout: 20_000, interval: 500 },
    );
    assert.equal((await counters.egress()).fromStock?.packets, 0);
    const policy = await inNode(cluster(), 'node-a', ['nft', 'list', 'table', 'inet', 'shop_policy']);
    assert.match(policy, /counter packets [1-9]/);
  });

  it('has a pod in the network of its node that talks to web', async () => {
    const exporter = await podPlace(cluster(), SHOP_NAMESPACE, 'node-exporter');
    assert.equal(exporter.address, addressOf(cluster(), 'node-a'));
    const asked = await poll(
      'an entry of the connection tracking',
      async () => {
        const entries = await inNode(cluster(), 'node-a', [
          'conntrack',
          '-L',
          '-p',
          'tcp',
          '--src',
          exporter.address,
        ]);
        return entries.includes('dst=10.96.') && entries.includes('dport=80');
      },
      { timeout: 20_000, interval: 500 },
    );
    assert.ok(asked);
  });
});
