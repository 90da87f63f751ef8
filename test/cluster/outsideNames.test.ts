/** Names that pods asked CoreDNS for, through its Service: an address outside, a headless Service, an ExternalName one. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Flow } from '../../src/model/flow.ts';
import { nodeNetns } from '../conservation/clusterLoad.ts';
import { Observation } from '../lab/observe.ts';
import type { Observed } from '../lab/observe.ts';
import { addressOf } from './cluster.ts';
import type { TestNamespace } from './kube/support.ts';
import { makeNamespace, runProgram, waitReady } from './kube/support.ts';
import { applyManifest, kubectl } from './kubectl.ts';
import { useShop } from './sharedCluster.ts';
import { SHOP_NAMESPACE } from './shop.ts';

const OUTSIDE_NAME = 'partner.example';
const HEADLESS = 'web-direct';

describe('names of outside addresses on the cluster', function () {
  this.timeout(180_000);
  const cluster = useShop();
  let namespace: TestNamespace;
  let folder: string;
  let observed: Observed;
  let outside: string;
  let webAddresses: string[];

  before(async () => {
    outside = addressOf(cluster(), 'outside');
    namespace = await makeNamespace(cluster());
    const service = (name: string, within: string, spec: object): Promise<void> =>
      applyManifest(
        cluster(),
        JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: within }, spec }),
      );
    await service(HEADLESS, SHOP_NAMESPACE, { clusterIP: 'None', selector: { app: 'web' } });
    await service('away', namespace.name, { type: 'ExternalName', externalName: OUTSIDE_NAME });
    const ask = (url: string): string =>
      `setInterval(() => fetch('${url}', { headers: { connection: 'close' } }).then((it) => it.text(), () => {}), 1000);`;
    const programs = {
      headless: ask(`http://${HEADLESS}.${SHOP_NAMESPACE}.svc.cluster.local:8080/`),
      away: ask(`http://away.${namespace.name}.svc.cluster.local/`),
      stranger: ask(`http://${outside}/`),
    };
    for (const [name, program] of Object.entries(programs)) {
      await runProgram(cluster(), namespace.name, name, program, { nodeName: 'node-a' });
      await waitReady(cluster(), namespace.name, name);
    }
    const where = ['-n', SHOP_NAMESPACE, 'get', 'pods', '-l', 'app=web'];
    webAddresses = (await kubectl(cluster(), [...where, '-o', 'jsonpath={.items[*].status.podIP}'])).split(
      ' ',
    );
    folder = await mkdtemp(join(tmpdir(), 'vethscope-names-'));
    const inventory = join(folder, 'inventory.json');
    const all = ['get', 'pods,svc,nodes,endpointslices', '-A', '-o', 'json'];
    await writeFile(inventory, await kubectl(cluster(), all));
    const observation = await Observation.start(
      { plan: { node: { netns: nodeNetns(cluster(), 'node-a') } }, inventory },
      20,
      undefined,
      ['--node', 'node-a'],
    );
    observed = await observation.end();
  });

  after(async () => {
    await kubectl(cluster(), ['-n', SHOP_NAMESPACE, 'delete', 'service', HEADLESS, '--ignore-not-found']);
    await namespace.remove();
    await rm(folder, { recursive: true });
  });

  /** TCP that a pod began in our sight, its lookup too: not in the first seconds, which a lookup takes on a busy machine. */
  function connections(pod: string, port: number): Flow[] {
    const starts = observed.flows.map(({ start }) => Date.parse(start));
    const since = Math.min(...starts) + 3000;
    const found = observed.flows.filter(
      ({ client, server, protocol, start }) =>
        protocol === 'tcp' && client.name === pod && server.port === port && Date.parse(start) > since,
    );
    assert.ok(found.length >= 3, `${found.length} connections of ${pod}`);
    return found;
  }

  const said = (flows: readonly Flow[]): string[] => [
    ...new Set(
      flows.map(({ server }) => [server.address, server.evidence.includes('dns'), ...server.names].join()),
    ),
  ];

  it('names the partner for the client that asked for it', () => {
    const toPartner = connections('client', 80).filter(({ server }) => server.address === outside);
    assert.deepEqual(said(toPartner), [`${outside},true,${OUTSIDE_NAME}`]);
    assert.ok(toPartner.length >= 3);
  });

  it('has no name for the pod that connects to the address', () => {
    assert.deepEqual(said(connections('stranger', 80)), [`${outside},false`]);
  });

  it('tells an ExternalName Service by the name that was asked for, whatever CNAME it led to', () => {
    const flows = connections('away', 80);
    assert.deepEqual(said(flows), [`${outside},true,away.${namespace.name}.svc.cluster.local`]);
    const services = new Set(
      flows.map(({ service }) => `${service?.namespace}/${service?.name}/${service?.type}`),
    );
    assert.deepEqual([...services], [`${namespace.name}/away/ExternalName`]);
  });

  it('tells a headless Service, and the pod that answered', () => {
    const flows = connections('headless', 8080);
    for (const { server, service } of flows) {
      assert.ok(webAddresses.includes(server.address), server.address);
      assert.equal(server.workload?.name, 'web');
      assert.deepEqual(server.names, [`${HEADLESS}.${SHOP_NAMESPACE}.svc.cluster.local`]);
      assert.deepEqual([service?.namespace, service?.name], [SHOP_NAMESPACE, HEADLESS]);
    }
  });

  it('finds the question of each answer, though the answer is not seen with the Service’s address', () => {
    const { messages, unmatched, malformed } = observed.ledger.dns;
    assert.ok(messages > 20, `${messages} messages`);
    assert.equal(malformed, 0);
    // Answers whose questions came before the agent: a lookup is up to ten of them, in search domains and families.
    assert.ok(unmatched <= 10, `${unmatched} of ${messages} without a question`);
  });
});
