/**
 * Pods come and go: each interface is attached to, and let go, nothing that passes after that is uncounted, and the topology
 * shows what there is. `VETHSCOPE_CHURN_SECONDS=60` makes the 20 seconds a minute.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from '../../agent/src/server/testClient.fixture.ts';
import type { TestClient } from '../../agent/src/server/testClient.fixture.ts';
import { linksByInterface, tcxLinks } from '../../agent/native/test/tcxLinks.ts';
import type { Ledger } from '../../src/model/ledger.ts';
import type { Topology } from '../../src/model/topology.ts';
import { directionOf } from '../conservation/tally.ts';
import { until } from './commands.ts';
import { Lab } from './lab.ts';
import { churnNamespaces, churnPods } from './podChurn.ts';
import type { ChurnedPod } from './podChurn.ts';
import { ledgerOf, portOf, serveArguments, TOKEN } from './servedAgent.ts';
import type { Direction } from './truth/packetCounters.ts';
import { remaining } from './truth/kernelPrograms.ts';

const PER_SECOND = 10;
const SECONDS = Number(process.env.VETHSCOPE_CHURN_SECONDS ?? 20);
/** On a busy machine it takes longer. */
const MOST_SECONDS = SECONDS * 4 + 60;
const PATIENCE = 5;

describe('pods that come and go', function () {
  this.timeout(MOST_SECONDS * 1000);
  let lab: Lab;
  let agent: ChildProcess;
  let client: TestClient;

  beforeEach(async () => {
    lab = await Lab.build();
    lab.expectNamespaces(churnNamespaces(lab, { seconds: SECONDS, perSecond: PER_SECOND }));
    // No heartbeat comes from a reader of streams alone.
    const patience = ['--first-client-timeout', '--heartbeat-timeout'].flatMap((one) => [
      one,
      String(MOST_SECONDS),
    ]);
    agent = spawn(process.execPath, serveArguments(lab, patience), { stdio: ['ignore', 'pipe', 'inherit'] });
    client = connect(await portOf(agent), TOKEN);
  });

  afterEach(async () => {
    client.close();
    agent.kill('SIGINT');
    if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit');
    await lab.close();
  });

  it(`${PER_SECOND} a second for ${SECONDS} s are counted from their attachment on, and leave nothing`, async () => {
    const pid = agent.pid ?? 0;
    const before = linksByInterface(pid);
    const seen = new Set<number>();
    const look = (): void => {
      for (const { id } of tcxLinks(pid)) seen.add(id);
    };
    const watch = setInterval(look, 100);
    const rows = new ShownRows(client);
    await until('the first topology', 20, () => (rows.told > 0 ? true : null));
    const pods = await churnPods(lab, { seconds: SECONDS, perSecond: PER_SECOND, pid }).finally(() =>
      clearInterval(watch),
    );

    await until('the topology without them', PATIENCE, () => (rows.churning.size === 0 ? true : null));
    await until('the agent to let go of the last', PATIENCE, () =>
      linksByInterface(pid).has(0) ? null : true,
    );
    assert.deepEqual(linksByInterface(pid), before);
    const held = new Set(tcxLinks(pid).map(({ id }) => id));
    const released = [...seen].filter((id) => !held.has(id));
    assert.ok(released.length >= pods.length, `${released.length} links were seen on ${pods.length} pods`);
    assert.deepEqual(remaining({ programs: [], maps: [], links: released }).links, []);

    const ledger = await settledLedger(client, pods);
    const late = pods.flatMap((pod) => judge(pod, ledger));
    assert.equal(ledger.folded, 0);
    console.log(summary(pods, late, rows));
  });
});

/** The topology as it is told, and which pods it shows. */
class ShownRows {
  told = 0;
  /** Of the pods that come and go, those shown last. */
  churning: ReadonlySet<string> = new Set();
  /** performance.now() when a name was shown first and last. */
  readonly first = new Map<string, number>();
  readonly last = new Map<string, number>();

  constructor({ agent }: TestClient) {
    this.#read(agent.streamTopology({})).catch(() => {
      // The test ends the connection; a stream that breaks before leaves the last topology, on which the test waits in vain.
    });
  }

  async #read(stream: AsyncIterable<{ topologyJson: string }>): Promise<void> {
    for await (const { topologyJson } of stream) {
      const { namespaces } = JSON.parse(topologyJson) as Topology;
      const names = namespaces.flatMap(({ interfaces }) => interfaces.map(({ name }) => name));
      this.churning = new Set(names.filter((name) => name.startsWith('churn')));
      const now = performance.now();
      for (const name of this.churning) {
        if (!this.first.has(name)) this.first.set(name, now);
        this.last.set(name, now);
      }
      this.told += 1;
    }
  }
}

/** When all that was counted is in it. */
function settledLedger(client: TestClient, pods: readonly ChurnedPod[]): Promise<Ledger> {
  const listed = new Set(pods.map(({ ifindex }) => ifindex));
  return until('the ledger of all pods', PATIENCE, async () => {
    const ledger = await ledgerOf(client);
    const points = ledger.byPoint.filter(({ ifindex }) => listed.has(ifindex));
    return points.length === 2 * pods.length ? ledger : null;
  });
}

/** @returns packets that were not counted, all of which passed before both links were there */
function judge(pod: ChurnedPod, ledger: Ledger): number[] {
  const points = ledger.byPoint.filter(({ ifindex }) => ifindex === pod.ifindex);
  const seenAt = (direction: Direction): number =>
    points.reduce((sum, { point, seen }) => sum + (directionOf(point) === direction ? seen : 0), 0);
  const uncounted = [
    { passed: pod.in, dropped: 0, early: pod.earlyIn, counted: seenAt('ingress') },
    { passed: pod.out, dropped: pod.dropped, early: pod.earlyOut, counted: seenAt('egress') },
  ].map((at) => {
    const missing = at.passed - at.counted;
    assert.ok(missing >= -at.dropped && missing <= at.early, `${pod.name}: ${JSON.stringify(at)}`);
    return Math.max(0, missing);
  });
  for (const { seen, counted, unparsed, mapFull, filtered } of points) {
    assert.equal(seen, counted + unparsed + mapFull + filtered);
  }
  return uncounted;
}

function summary(pods: readonly ChurnedPod[], late: readonly number[], rows: ShownRows): string {
  const packets = pods.reduce((total, pod) => total + pod.in + pod.out, 0);
  const missing = late.reduce((total, one) => total + one, 0);
  const seconds =
    (Math.max(...pods.map(({ made }) => made)) - Math.min(...pods.map(({ made }) => made))) / 1000;
  const shown = pods.flatMap(({ name, made }) => {
    const first = rows.first.get(name);
    return first === undefined ? [] : [first - made];
  });
  const stale = pods.flatMap((pod) => {
    const last = rows.last.get(pod.name);
    return last === undefined ? [] : [Math.max(0, last - pod.gone)];
  });
  return [
    `${pods.length} pods in ${seconds.toFixed(0)} s, ${packets} packets; before their links were there: ${missing}, uncounted after: 0`,
    `shown after ${quantiles(shown)}; still shown after they were gone for ${quantiles(stale)}`,
  ].join('\n');
}

function quantiles(milliseconds: readonly number[]): string {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.floor(part * (sorted.length - 1))] ?? NaN).toFixed(0);
  return `${at(0.5)} ms (median), ${at(0.95)} ms (95 %), ${at(1)} ms at most`;
}
